import { HandgradError } from '../errors';
import { readWhole } from './readWhole';

/** A config is a screen of text; what is larger is something else, and is not read. */
const MAX_BYTES = 1_000_000;
/** Enough to name a list once and use it again; alias bombs need many more. */
const MAX_ALIASES = 20;

/**
 * Reads a YAML or JSON file (JSON is YAML) that holds one mapping. What the keys mean is not looked at here.
 * @throws HandgradError 'usage' when it cannot be read or is not that
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = await readText(path);
  const written = ownContent(text);
  if (written !== undefined) return written;
  const { parseDocument } = require('yaml') as typeof import('yaml');
  const document = parseDocument(text, { prettyErrors: true, resolveKnownTags: false });
  // A warning is a tag or a key that would be dropped or changed quietly.
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault)
    throw unusable(
      path,
      `is not YAML or JSON that can be used (${fault.message.split('\n')[0]!.replace(/:$/, '')})`,
      fault,
    );
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
 * What a file that handgrad itself wrote says, such as the settings of a trial, which then waits for no parser of YAML.
 */
function ownContent(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{\n') || text.includes('__proto__')) return undefined;
  try {
    const content = JSON.parse(text) as Record<string, unknown>;
    // Written once more it differs if a key stands in it twice.
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
