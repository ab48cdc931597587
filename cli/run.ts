import { HandgradError } from '../src/errors';
import { Chosen, createCli, plainArguments } from './arguments/createCli';
import { COMMANDS } from './commands';
import { EXIT_CODES } from './exitCodes';
import { Interruption } from './interruption';
import { createTerminal, type Io } from './terminal/terminal';

/**
 * Runs one command line.
 * @param argv without node and the program
 * @returns what the process ends with; every error has been reported
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
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

/** The command that argv names; undefined where it asks for help or the version, which is said here. */
async function chosen(argv: readonly string[], io: Io): Promise<Chosen | undefined> {
  try {
    // With a callback yargs hands over what help and --version say instead of printing it.
    await createCli(COMMANDS, argv, io).parseAsync(
      plainArguments(argv),
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

/** Says on stderr what went wrong, in one sentence. */
export function report(error: unknown, io: Io, debug: boolean): number {
  const terminal = createTerminal(io);
  if (error instanceof Interruption) {
    if (error.message) terminal.notice(error.message);
    return error.exitCode;
  }
  const expected = error instanceof HandgradError;
  const message = error instanceof Error ? error.message : String(error);
  terminal.error(
    expected ? message : `This is a defect of handgrad (${message.split('\n')[0]}); run with --debug for the stack.`,
  );
  if (debug) terminal.notice(stackOf(error));
  return expected ? EXIT_CODES[error.kind] : EXIT_CODES.failure;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(error.cause)}`;
}
