import { HandgradError } from '../src/errors';
import { Chosen, createCli, plainArguments } from './arguments/createCli';
import { COMMANDS } from './commands';
import { EXIT_CODES } from './exitCodes';
import { Interruption } from './stopping/interruption';
import { createTerminal, type Io } from './terminal/terminal';

/**
 * Runs one command line.
 * @param argv without node and the script
 * @returns the exit code; every error has been reported
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    // Throws when the folder was deleted, for every command alike.
    process.cwd();
    if (argv.length === 0) {
      io.stderr.write(`${await createCli(COMMANDS, argv, io).getHelp()}\n`);
      return EXIT_CODES.usage;
    }
    await (await chosen(argv, io))?.run();
    return 0;
  } catch (error) {
    return report(error, io, argv.includes('--debug'));
  }
}

/** The command that argv names; undefined for help and the version, which are printed here. */
async function chosen(argv: readonly string[], io: Io): Promise<Chosen | undefined> {
  try {
    // With a callback, yargs passes on the output of --help and --version instead of printing it.
    await createCli(COMMANDS, argv, io).parseAsync(
      plainArguments(argv, COMMANDS),
      {},
      (_error: unknown, _args: unknown, output: string) => {
        if (output) io.stdout.write(`${output}\n`);
      },
    );
  } catch (error) {
    if (error instanceof Chosen) return error;
    throw error;
  }
}

/** Reports an error on stderr, in one sentence. @returns the exit code */
export function report(error: unknown, io: Io, debug: boolean): number {
  const terminal = createTerminal(io);
  if (error instanceof Interruption) {
    if (error.message) terminal.notice(error.message);
    return error.exitCode;
  }
  if ((error as NodeJS.ErrnoException | undefined)?.syscall === 'uv_cwd') return report(folderGone(error), io, debug);
  const expected = error instanceof HandgradError;
  const message = error instanceof Error ? error.message : String(error);
  terminal.error(
    expected ? message : `This is a bug in handgrad (${message.split('\n')[0]}); run with --debug for the stack trace.`,
  );
  if (debug) terminal.notice(stackOf(error));
  return expected ? EXIT_CODES[error.kind] : EXIT_CODES.failure;
}

const folderGone = (cause: unknown) =>
  new HandgradError('usage', 'The current folder was deleted or cannot be read; change to another one.', { cause });

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(error.cause)}`;
}
