import { execFile } from 'node:child_process';
import path from 'node:path';
import { programFile } from '../../src/files/places';
import type { Ended } from './session';

const root = path.join(__dirname, '../..');

/**
 * Runs the program as a user starts it, a process with two streams and an exit code, while this process goes on: it may
 * be the server that the program asks.
 */
export function program(argv: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root): Promise<Ended> {
  const options = { cwd, env: { ...process.env, NO_COLOR: '1', ...env } };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [programFile(), ...argv], options, (error, stdout, stderr) => {
      // A program that could not be started, or that a signal ended, has no exit code.
      if (error && typeof error.code !== 'number') reject(new Error(error.message, { cause: error }));
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}
