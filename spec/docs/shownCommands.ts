import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';

/** A command of a page, with the lines that the page shows below it. */
export interface ShownCommand {
  readonly command: string;
  /** `^C` stands where the reader presses Ctrl-C; see `firstMissing` for the others. */
  readonly lines: readonly string[];
}

/** A code block of a page. */
interface Block {
  /** Empty for what is typed and printed in a terminal. */
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const found = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return found.map(([, language, text]) => ({ language: language!, text: text! }));
}

/** The commands of a page: its blocks that begin with a prompt, `$ `. */
export function shownCommands(page: string): ShownCommand[] {
  const blocks = blocksOf(page).filter(({ language, text }) => language === '' && text.startsWith('$ '));
  return blocks.map(({ text }) => {
    const [command, ...lines] = text.trimEnd().split('\n');
    return { command: command!.slice(2), lines };
  });
}

/** The files that a page asks the reader to save, by name: each block whose first line is a comment that names it. */
export function shownFiles(page: string): Record<string, string> {
  const named = blocksOf(page).map(({ text }) => [/^(?:#|\/\/) (\S+\.\w+)\n/.exec(text)?.[1], text] as const);
  return Object.fromEntries(named.filter(([name]) => name !== undefined)) as Record<string, string>;
}

/**
 * Declares a test of each command of a page, in their order: later ones use what earlier ones have made.
 * @param where gives the folder and further variables of the environment, once the hooks have run
 */
export function testShownCommands(page: string, where: () => { cwd: string; env: NodeJS.ProcessEnv }): void {
  for (const shown of shownCommands(page)) {
    it(`${shown.command} prints what the page shows`, async () => {
      const { PATH, HOME } = process.env;
      const { cwd, env } = where();
      const printed = await runShown(shown, { cwd, env: { PATH, HOME, ...env } });
      const message = `the page shows what was not printed, of:\n${printed.join('\n')}`;
      expect(firstMissing(shown.lines, printed), message).to.equal(undefined);
    });
  }
}

/**
 * Runs a command of a page in a shell, as a terminal would: at the shown `^C`, all its processes are interrupted.
 * @returns the lines that it printed, on stdout and stderr
 */
async function runShown(
  { command, lines }: ShownCommand,
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<string[]> {
  const child = spawn('sh', ['-c', `exec 2>&1; ${command}`], { cwd, env, detached: true });
  const before = lines.includes('^C') ? lines[lines.indexOf('^C') - 1] : undefined;
  let printed = '';
  let interrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (before === undefined || interrupted || !printed.split('\n').some((line) => isAsShown(before, line))) return;
    interrupted = true;
    process.kill(-child.pid!, 'SIGINT');
  });
  const code = await ended(child);
  if (code !== 0 && !interrupted) throw new Error(`"${command}" ended with ${code} and printed:\n${printed}`);
  return printed.trimEnd().split('\n');
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise<number | null>((resolve, reject) => {
    child.on('close', (code) => resolve(code)).on('error', reject);
  });
}

const NUMBER = String.raw`-?\d+\.\d+(?:e-?\d+)?`;

/** Whether a printed line is as shown: `…` stands for anything, and numbers with a point may differ a little. */
function isAsShown(shown: string, printed: string): boolean {
  const literal = (text: string) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  const parts = shown.split(new RegExp(`(…|${NUMBER})`));
  const pattern = parts.map((part, i) => (i % 2 === 0 ? literal(part) : part === '…' ? '.*?' : `(${NUMBER})`)).join('');
  const found = new RegExp(`^${pattern}$`).exec(printed);
  const numbers = parts.filter((part, i) => i % 2 === 1 && part !== '…').map(Number);
  return found !== null && numbers.every((number, i) => isNear(number, Number(found[i + 1])));
}

const isNear = (shown: number, printed: number) => Math.abs(shown - printed) <= 0.05 * Math.max(1, Math.abs(shown));

/**
 * The first shown line that was not printed; undefined when all were, in order, and nothing else. A line `…` stands
 * for any number of lines, and `^C` for none: it is typed.
 */
export function firstMissing(shown: readonly string[], printed: readonly string[]): string | undefined {
  let at = 0;
  let skips = false;
  for (const line of shown.filter((one) => one !== '^C')) {
    if (line === '…') {
      skips = true;
      continue;
    }
    const from = at;
    const offset = printed.slice(from).findIndex((one) => isAsShown(line, one));
    if (offset < 0 || (offset > 0 && !skips)) return line;
    at = from + offset + 1;
    skips = false;
  }
  return skips || at === printed.length ? undefined : `nothing, where it printed ${printed[at]!}`;
}
