import { PassThrough } from 'node:stream';
import { run } from '../../cli/run';
import type { Output } from '../../cli/terminal/terminal';

/** What a command line did: its exit code and what it said on each stream. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream that keeps what it is told, as wide as a screen when it is a terminal. */
export function collector(isTTY = false): Output & { text(): string } {
  const chunks: Buffer[] = [];
  const stream = new PassThrough().on('data', (chunk: Buffer) => chunks.push(chunk));
  return Object.assign(stream, {
    isTTY,
    ...(isTTY ? { columns: 100 } : {}),
    text: () => Buffer.concat(chunks).toString('utf8'),
  });
}

/**
 * Runs a command line in this process, as the program would.
 * @param env the whole environment it sees
 */
export async function session(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [stdout, stderr] = [collector(), collector()];
  const code = await run(argv, { stdout, stderr, env, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}
