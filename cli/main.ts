#!/usr/bin/env node
import { isatty } from 'node:tty';
import { HandgradError } from '../src/errors';
import { SIGNAL_CODES } from './exitCodes';
import { Interruption } from './interruption';
import { report, run } from './run';
import type { Io } from './terminal/terminal';

/** A pipe or a terminal that was closed at the other end. */
const GONE: readonly unknown[] = ['EPIPE', 'EIO', 'ECONNRESET'];

const unwritable = (cause: Error) =>
  new HandgradError('storage', `Cannot write to stdout (${cause.message}); send it to another place.`, { cause });

/** Ties the command line to this process: its streams, signals and exit code. */
async function main(): Promise<void> {
  const stopping = new AbortController();
  const { stdout, stderr, env } = process;
  // A getter: looking at process.stdin opens it.
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
    // Once: the second one finds no listener, and the system ends the process.
    process.once(name, () => stopping.abort(new Interruption(code, `Stopped by ${name}.`)));
  }
  // Whoever reads stdout has gone (`| head -1`) and has what they wanted: there is nothing left to say.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    stopping.abort(GONE.includes(error.code) ? new Interruption(0) : unwritable(error));
  });
  // What cannot be said on stderr cannot be said at all; the exit code remains.
  process.stderr.on('error', () => {});
  const defect = (error: unknown) => process.exit(report(error, io, argv.includes('--debug')));
  process.on('uncaughtException', defect);
  process.on('unhandledRejection', defect);

  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.exitCode = await run(argv, io);
  // Node aborts when it exits and its terminal is gone (nodejs, ResetStdio). The signal ends it first: 143 to a shell.
  if (terminals.some((fd) => !isatty(fd))) process.removeAllListeners('SIGTERM').kill(process.pid, 'SIGTERM');
}

void main();
