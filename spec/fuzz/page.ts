import http from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type ServedRuns, serveRuns } from '../../src/collection/serveRuns';
import { epochRow, writeRun, writeSweep } from '../collection/folders';

/** The live page of a run and a sweep, to which a request is given without a network. */
export function createPage() {
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-page-'));
  let served: ServedRuns;
  let server: http.Server;
  return {
    async start() {
      writeRun(join(folder, 'r'), { lr: 0.1 }, [epochRow(1, 0.5)]);
      writeSweep(join(folder, 's'));
      const { createServer } = http;
      http.createServer = ((...args: Parameters<typeof createServer>) =>
        (server = createServer(...args))) as typeof createServer;
      served = await serveRuns(folder).finally(() => (http.createServer = createServer));
    },
    host: () => new URL(served.url).host,
    /** What the page answers to the bytes of a request: the beginning, or nothing where the connection is closed. */
    answerTo: (bytes: Buffer): Promise<string> =>
      new Promise((resolve) => {
        let said = '';
        const connection = new Duplex({
          read: () => {},
          write: (chunk: Buffer, _, done) => {
            if (said.length < 1000) said += chunk.toString('latin1');
            done();
          },
        });
        connection.on('error', () => {}).once('close', () => resolve(said));
        connection.once('finish', () => connection.destroy());
        server.emit('connection', connection);
        connection.push(bytes);
        connection.push(null);
      }),
    async stop() {
      await served.close();
      rmSync(folder, { recursive: true });
    },
  };
}
