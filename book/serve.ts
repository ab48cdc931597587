import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/**
 * Serves folders on this machine only, as any file server would: `folders` gives the folder for the first part of a
 * path, '' the one for all other paths.
 * @param port 0 takes a free one
 */
export async function serve(
  folders: Readonly<Record<string, string>>,
  port = 0,
): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const [, first = '', ...others] = normalize(new URL(request.url!, 'http://localhost').pathname).split('/');
    const [top, rest] = Object.hasOwn(folders, first) ? [first, others] : ['', [first, ...others]];
    const folder = folders[top];
    const path = folder === undefined ? undefined : join(folder, rest.join('/') || 'index.html');
    Promise.resolve(path)
      .then((found) => (found === undefined ? Promise.reject(new Error('none')) : readFile(found)))
      .then(
        (bytes) => {
          response.writeHead(200, { 'content-type': TYPES[extname(path!)] ?? 'application/octet-stream' });
          response.end(bytes);
        },
        () => response.writeHead(404).end(),
      );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}
