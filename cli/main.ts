#!/usr/bin/env node
import { SIGNAL_CODES } from './exitCodes';
import { Interruption } from './interruption';
import { report, run } from './run';
import type { Io } from './terminal/terminal';

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
  // Whoever reads stdout has gone (`| head -1`) and has what they wanted: there is nothing left to say, on either stream.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stopping.abort(new Interruption(0));
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  // A sweep is connected to its trials: when it is gone, nobody waits for them, and whoever resumes it starts them again.
  process.once('disconnect', () =>
    stopping.abort(new Interruption(SIGNAL_CODES.SIGTERM, 'Stopped: the sweep has gone.')),
  );
  // Nothing comes through that channel that would have to be waited for.
  process.channel?.unref();
  const defect = (error: unknown) => process.exit(report(error, io, argv.includes('--debug')));
  process.on('uncaughtException', defect);
  process.on('unhandledRejection', defect);

  process.exitCode = await run(argv, io);
}

void main();
