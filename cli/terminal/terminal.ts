import { createColors } from 'picocolors';
import { visible } from '../../src/words';
import { COMMAND_NAMES } from '../commandNames';

/** Functions that color text, or leave it alone. */
export type Colors = ReturnType<typeof createColors>;

/** A stream to print on: process.stdout and process.stderr, or what a test collects with. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** All that a command gets from the process it runs in. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Only read when a command is told to. */
  readonly stdin?: NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted with an Interruption when somebody asks the program to stop. */
  readonly signal: AbortSignal;
}

/** Where a command's words go: results to stdout, everything else to stderr. */
export interface Terminal {
  /** Lines on stdout. */
  readonly result: (text: string) => void;
  /** One line of JSON on stdout. */
  readonly json: (value: object) => void;
  /** A line on stderr, unless --quiet. */
  readonly notice: (text: string) => void;
  /** A warning on stderr, unless --quiet. */
  readonly warning: (text: string) => void;
  /** An error, on stderr. The command may go on. */
  readonly error: (text: string) => void;
  /** Colors for what goes to stdout, and for what goes to stderr: off when that one is no terminal. */
  readonly out: Colors;
  readonly err: Colors;
  /** How wide stdout is, in characters. */
  readonly columns: number;
  /** The stream for progress bars; undefined when nobody would see them. */
  readonly progress: Output | undefined;
}

/** What shows events as they happen. */
export interface Screen<Event> {
  readonly show: (event: Event) => void;
  /** Takes what moves off the terminal; to be called however it ends. */
  readonly stop: () => void;
}

/**
 * The terminal of a command.
 * @param words how it says what the library says
 */
export function createTerminal(
  { stdout, stderr, env }: Io,
  { quiet = false, words = (text) => text }: { quiet?: boolean; words?: (text: string) => string } = {},
): Terminal {
  const [out, err] = [stdout, stderr].map((stream) => createColors(wantsColors(stream, env))) as [Colors, Colors];
  const say = (stream: Output, text: string) => void stream.write(`${harmless(withProgram(text, env))}\n`);
  const explain = (text: string) => say(stderr, words(text));
  const notice = (text: string) => quiet || explain(text);
  return {
    result: (text) => say(stdout, words(text)),
    json: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    notice,
    warning: (text) => notice(`${err.yellow('Note:')} ${text}`),
    error: (text) => explain(`${err.red('Error:')} ${text}`),
    out,
    err,
    columns: stdout.columns ?? 80,
    progress: stderr.isTTY && !quiet ? stderr : undefined,
  };
}

/**
 * Text in which a terminal obeys nothing but changes of color. Names of classes, files, hosts and sweeps are somebody
 * else's, and may hold sequences that move the cursor, set the window's title, or erase what was said.
 */
export function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex -- the sequences that change colors
  return text.replace(/(\x1b\[[\d;]*m)|([^\x1b\t]+|[\x1b\t])/g, (part, color: string | undefined) =>
    color !== undefined || part === '\t' ? part : visible(part),
  );
}

const NAMED = new RegExp(`\\bhandgrad (?=(?:${COMMAND_NAMES.join('|')})\\b)`, 'g');

/**
 * Messages name a command as `handgrad evaluate …`. Where npm started the program,
 * in a checkout or by npx, the shell knows no such name: the command is shown as it can be typed there.
 */
export function withProgram(text: string, env: NodeJS.ProcessEnv): string {
  const { npm_lifecycle_event: script = '', npm_lifecycle_script: runs = '', npm_package_name: project } = env;
  if (script === 'npx' && /^['"]?handgrad\b/.test(runs)) return text.replace(NAMED, 'npx handgrad ');
  if (project !== 'handgrad' || !['handgrad', 'train'].includes(script)) return text;
  return text.replace(NAMED, 'npm run --silent handgrad -- ');
}

/** The conventions of no-color.org and force-color.org; a dumb terminal knows no colors. */
function wantsColors({ isTTY }: Output, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return isTTY === true && env['TERM'] !== 'dumb';
}
