import { HandgradError } from '../errors';
import { readWhole } from './readWhole';

/** The size limit of a config file. Real ones fit on a screen. */
const MAX_BYTES = 1_000_000;
/** The length limit of what a YAML parser reads: its time per character depends on what it reads. */
const MAX_YAML_LENGTH = 65_536;
/** More keys than any config has; the time to parse them grows with their square. */
const MAX_KEYS = 2000;
/** More brackets in brackets than any config has; parsing them needs as many calls. */
const MAX_DEPTH = 100;
/** Enough to reuse a list; alias bombs ("billion laughs") need many more. */
const MAX_ALIASES = 20;

/**
 * Reads a YAML or JSON file (JSON is YAML) that holds one mapping. The keys are not validated here.
 * @throws HandgradError 'usage' when it cannot be read or holds something else
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = await readText(path);
  const written = ownContent(text);
  if (written !== undefined) return written;
  assertParsable(text, path);
  const { LineCounter, parseDocument } = require('yaml') as typeof import('yaml');
  const lineCounter = new LineCounter();
  // Not `prettyErrors`: these look for the line of every fault, and there may be one for each character.
  const options = { prettyErrors: false, resolveKnownTags: false, logLevel: 'error' } as const;
  const document = parseDocument(text, { ...options, lineCounter });
  // A warning is a tag or a key that would be silently dropped or changed.
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) {
    const { line, col } = lineCounter.linePos(fault.pos[0]);
    const what = fault.message.split('\n')[0]!.replace(/:$/, '');
    throw unusable(path, `is not valid YAML or JSON (${what} at line ${line}, column ${col})`, fault);
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw unusable(path, `cannot be expanded (${(error as Error).message})`, error);
  }
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw unusable(path, 'must hold settings as "name: value" lines');
  }
  return content as Record<string, unknown>;
}

/**
 * Settings as a YAML file with a comment after each value, which `readConfigFile` reads.
 * @param rows name, value and comment of each setting; values are as JSON has them
 */
export function formatConfigFile(rows: readonly (readonly [name: string, value: unknown, comment: string])[]): string {
  const { stringify } = require('yaml') as typeof import('yaml');
  // A value is one line: no folded text, no list of lines.
  const how = { collectionStyle: 'flow', lineWidth: 0, blockQuote: false, flowCollectionPadding: false } as const;
  const lines = rows.map(([name, value, comment]) => [`${name}: ${stringify(value, how).trim()}`, comment] as const);
  return lines.map(([line, comment]) => `${line.padEnd(COMMENT_COLUMN)}  # ${comment}\n`).join('');
}

/** Where comments start, unless a value is longer. */
const COMMENT_COLUMN = 26;

/** Refuses what would take long to parse, by what can be counted without parsing. */
function assertParsable(text: string, path: string): void {
  let [keys, depth] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === ':' || character === '?') keys++;
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (keys > MAX_KEYS) throw unusable(path, `has more than ${MAX_KEYS} keys`);
    if (depth > MAX_DEPTH) throw unusable(path, `has more than ${MAX_DEPTH} brackets in each other`);
  }
  // Lists in lists, and mappings in mappings, are deep by their indentation or their dashes.
  if (/(?:- +){100}|^ {500}/m.test(text)) throw unusable(path, 'is indented deeper than any config');
  if (text.length > MAX_YAML_LENGTH) throw unusable(path, `has more than ${MAX_YAML_LENGTH} characters`);
}

/** The content of a file that handgrad itself wrote, such as the settings of a trial, without loading a YAML parser. */
function ownContent(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{\n') || text.includes('__proto__')) return undefined;
  try {
    const content = JSON.parse(text) as Record<string, unknown>;
    // With a duplicate key, it would not serialize to the same text.
    return `${JSON.stringify(content, null, 2)}\n` === text ? content : undefined;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await readWhole(path, MAX_BYTES, (why, cause) => unusable(path, why, cause));
  if (bytes) return bytes.toString('utf8');
  throw unusable(path, 'does not exist');
}

function unusable(path: string, why: string, cause?: unknown): HandgradError {
  return new HandgradError('usage', `The config file ${path} ${why}.`, { cause });
}
