#!/usr/bin/env node
import { isatty } from 'node:tty';
import { HandgradError } from '../src/errors';
import { SIGNAL_CODES } from './exitCodes';
import { Interruption } from './stopping/interruption';
import { onParentEnd } from './stopping/parent';
import { onSignal } from './stopping/signals';
import { report, run } from './run';
import { isOwnScript, type Io } from './terminal/terminal';

/** Error codes of a pipe or a terminal that was closed at the other end. */
const GONE: readonly unknown[] = ['EPIPE', 'EIO', 'ECONNRESET'];

/** How long the process may live on after its work is done, in milliseconds. */
const LINGER_MS = 3000;

const unwritable = (cause: Error) =>
  new HandgradError('storage', `Cannot write to stdout (${cause.message}); redirect it elsewhere.`, { cause });

/** Connects the command line to this process: streams, signals and exit code. */
async function main(): Promise<void> {
  const stopping = new AbortController();
  goWhereTheUserIs(process.env);
  const { stdout, stderr, env } = process;
  // A getter, because accessing process.stdin opens it.
  const io: Io = {
    stdout,
    stderr,
    env,
    signal: stopping.signal,
    get stdin() {
      return process.stdin;
    },
  };
  const argv = process.argv.slice(2);

  for (const [name, code] of Object.entries(SIGNAL_CODES)) {
    onSignal(name as NodeJS.Signals, env, () => stopping.abort(new Interruption(code, `Stopped by ${name}.`)));
  }
  onParentEnd(() => stopping.abort(new Interruption(SIGNAL_CODES.SIGHUP, 'Stopped by the end of its parent process.')));
  // The reader of stdout has closed it (`| head -1`): stop without a message.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    stopping.abort(GONE.includes(error.code) ? new Interruption(0) : unwritable(error));
  });
  // Errors of stderr cannot be reported; the exit code remains.
  process.stderr.on('error', () => {});
  const defect = (error: unknown) => process.exit(report(error, io, argv.includes('--debug')));
  process.on('uncaughtException', defect);
  process.on('unhandledRejection', defect);

  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.exitCode = await run(argv, io);
  // Node aborts if its terminal is gone when it exits (ResetStdio). SIGTERM ends it first: 143 in a shell.
  if (terminals.some((fd) => !isatty(fd))) process.removeAllListeners('SIGTERM').kill(process.pid, 'SIGTERM');
  endSoon();
}

/** Ends the process, if something still keeps it alive: a connection to a Redis that went away while it was closed. */
function endSoon(): void {
  const isWritten = () => process.stdout.writableLength === 0 && process.stderr.writableLength === 0;
  setTimeout(() => (isWritten() ? process.exit() : endSoon()), LINGER_MS).unref();
}

/** `npm run` starts scripts in the folder of their package; relative paths count from where the user is. */
function goWhereTheUserIs(env: NodeJS.ProcessEnv): void {
  if (!isOwnScript(env) || env['INIT_CWD'] === undefined) return;
  try {
    process.chdir(env['INIT_CWD']);
  } catch {
    // It is gone, or is not readable: the folder of the package is as good as any.
  }
}

void main();
