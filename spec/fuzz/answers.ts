import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchBytes } from '../../src/data/download/fetchBytes';

const LIMITS = { retries: 0, retryWaitMs: 1, maxRetryWaitMs: 1, windowMs: 3000, minBytesPerWindow: 1, maxRedirects: 2 };
/** The proxies of the environment would lead elsewhere. */
const PROXIES = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);

/** A server that answers with any bytes. Every address leads to it, also that of a redirect. */
export function createAnswers() {
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-answers-'));
  const socketPath = process.platform === 'win32' ? `\\\\.\\pipe\\handgrad-${process.pid}` : join(folder, 'socket');
  const before = Object.fromEntries(PROXIES.map((name) => [name, process.env[name]]));
  let answer: Buffer = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(answer));
  });
  return {
    start: () => {
      for (const name of PROXIES) delete process.env[name];
      return new Promise<void>((resolve) => server.listen(socketPath, resolve));
    },
    stop: () => {
      for (const [name, value] of Object.entries(before)) if (value !== undefined) process.env[name] = value;
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
    /** Fetches a file of nine bytes from a server that gives this answer. */
    fetch: (bytes: Buffer): Promise<Buffer> => {
      answer = bytes;
      return fetchBytes('http://203.0.113.1/file', 9, { limits: LIMITS, connect: { socketPath } });
    },
  };
}
