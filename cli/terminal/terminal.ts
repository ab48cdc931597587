import { once } from 'node:events';
import { dirname, sep } from 'node:path';
import { createColors } from 'picocolors';
import { shellWord, visible } from '../../src/words';
import { COMMAND_NAMES } from '../commandNames';

/** Functions that color text, or return it unchanged. */
export type Colors = ReturnType<typeof createColors>;

/** An output stream: process.stdout, process.stderr, or a test's. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command gets from its process. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Read only on request, for the argument `-`. */
  readonly stdin?: NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted with an Interruption when the program should stop. */
  readonly signal: AbortSignal;
}

/** A command's output: results go to stdout, everything else to stderr. */
export interface Terminal {
  /** Prints lines on stdout. */
  readonly result: (text: string) => void;
  /** Prints one line of JSON on stdout. */
  readonly json: (value: object) => void;
  /** Writes text to stdout as it is, and waits until it has been taken. */
  readonly write: (text: string) => Promise<void>;
  /** Prints a line on stderr, unless --quiet. */
  readonly notice: (text: string) => void;
  /** Prints a warning on stderr, unless --quiet. */
  readonly warning: (text: string) => void;
  /** Prints a line on stderr, also with --quiet: what a question is about. */
  readonly question: (text: string) => void;
  /** Prints an error on stderr. The command may continue. */
  readonly error: (text: string) => void;
  /** A message as it will be printed, for callers that measure or wrap it. */
  readonly worded: (text: string) => string;
  /** Colors for stdout and for stderr; each is off if its stream is not a terminal. */
  readonly out: Colors;
  readonly err: Colors;
  /** The width of stdout, in characters; 80 where it is unknown. */
  readonly columns: number;
  /** The width that lines should fit into: that of stdout if it is a terminal, else unlimited. */
  readonly lineWidth: number;
  /** The same of stderr. */
  readonly noticeWidth: number;
  /** The stream for progress bars; undefined if they should not be shown. */
  readonly progress: Output | undefined;
}

/** Shows events as they happen. */
export interface Screen<Event> {
  readonly show: (event: Event) => void;
  /** Erases progress bars and live lines. Must always be called. */
  readonly stop: () => void;
}

/**
 * Creates the terminal of a command.
 * @param words translates messages of the library
 */
export function createTerminal(
  { stdout, stderr, env, signal }: Io,
  { quiet = false, words = (text) => text }: { quiet?: boolean; words?: (text: string) => string } = {},
): Terminal {
  const [out, err] = [stdout, stderr].map((stream) => createColors(wantsColors(stream, env))) as [Colors, Colors];
  const worded = (text: string) => harmless(withProgram(words(text), env));
  const say = (stream: Output, text: string) => void stream.write(`${worded(text)}\n`);
  const explain = (text: string) => say(stderr, text);
  const notice = (text: string) => quiet || explain(text);
  return {
    result: (text) => say(stdout, text),
    json: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    write: async (text) => {
      if (stdout.write(text)) return;
      try {
        await once(stdout, 'drain', { signal });
      } catch (error) {
        // The reason tells more than an AbortError.
        signal.throwIfAborted();
        throw error;
      }
    },
    notice,
    warning: (text) => notice(`${err.yellow('Note:')} ${text}`),
    question: explain,
    error: (text) => explain(`${err.red('Error:')} ${text}`),
    worded,
    out,
    err,
    // A terminal that does not know its size has 0 columns.
    columns: stdout.columns || 80,
    lineWidth: lineWidthOf(stdout),
    noticeWidth: lineWidthOf(stderr),
    progress: !quiet && canRedraw(stderr, env) ? stderr : undefined,
  };
}

/**
 * Escapes control characters, except color codes. Names of classes, files, hosts and sweeps are untrusted: they may
 * come from another user, and could move the cursor or change the title.
 */
export function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex -- the sequences that change colors
  return text.replace(/(\x1b\[[\d;]*m)|([^\x1b\t]+|[\x1b\t])/g, (part, color: string | undefined) =>
    color !== undefined || part === '\t' ? part : visible(part),
  );
}

const NAMED = new RegExp(`(?<!\\bnpx )\\bhandgrad (?=(?:${COMMAND_NAMES.join('|')})\\b)`, 'g');

/**
 * Messages name a command as `handgrad evaluate …`. If npm or npx started the program, the shell does not know this
 * name, so the command is shown as it can be typed there.
 */
export function withProgram(text: string, env: NodeJS.ProcessEnv): string {
  const { npm_lifecycle_event: script = '', npm_lifecycle_script: runs = '' } = env;
  if (script === 'npx' && /^['"]?handgrad\b/.test(runs)) return text.replace(NAMED, 'npx handgrad ');
  return isOwnScript(env) ? text.replace(NAMED, () => `npm ${prefix(env)}run --silent handgrad -- `) : text;
}

/** Whether `npm run` of a checkout started the program. */
export function isOwnScript({
  npm_lifecycle_event: script = '',
  npm_package_name: project,
}: NodeJS.ProcessEnv): boolean {
  return project === 'handgrad' && ['handgrad', 'train'].includes(script);
}

/** npm looks for the package in the working directory and above it; elsewhere it has to be told. */
function prefix({ npm_package_json: file = '', INIT_CWD: where = '' }: NodeJS.ProcessEnv): string {
  const root = dirname(file);
  return where === '' || file === '' || `${where}${sep}`.startsWith(`${root}${sep}`)
    ? ''
    : `--prefix ${shellWord(root)} `;
}

const lineWidthOf = ({ isTTY, columns }: Output) => (isTTY ? columns || 80 : Infinity);

/** The width below which a line that is redrawn would wrap. */
const NARROW = 40;

/** Whether lines can be redrawn in place: not in a dumb terminal, in the log of a CI job, or in very few columns. */
function canRedraw({ isTTY, columns = 0 }: Output, env: NodeJS.ProcessEnv): boolean {
  return isTTY === true && env['TERM'] !== 'dumb' && !env['CI'] && columns >= NARROW;
}

/** Follows no-color.org and force-color.org; a dumb terminal has no colors. */
function wantsColors({ isTTY }: Output, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return isTTY === true && env['TERM'] !== 'dumb';
}
