import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { programFile } from '../../src/files/places';

/** A program that runs: what it has said so far, and how it ends. */
export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves when stdout holds a text; rejects when the program ends first. */
  readonly says: (text: string) => Promise<void>;
}

/**
 * Starts the compiled program.
 * @param failpoint kills it at that moment, see failpoint.js
 */
export function start(
  args: readonly string[],
  { failpoint, cwd, env: more }: { failpoint?: string; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Started {
  const hook = failpoint === undefined ? [] : ['--require', join(__dirname, 'failpoint.js')];
  const env = { ...process.env, NO_COLOR: '1', ...(failpoint && { FAILPOINT: failpoint }), ...more };
  const child = spawn(process.execPath, [...hook, programFile(), ...args], { env, cwd });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  }
  const ended = once(child, 'close').then(
    ([code, signal]: unknown[]) => ({ code, signal }) as Awaited<Started['ended']>,
  );
  return {
    child,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => said.stdout.includes(text) && resolve();
        child.stdout.on('data', look);
        look();
        void ended.then(() => reject(new Error(`it ended without saying "${text}": ${said.stderr}`)));
      }),
  };
}
