import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { tinyFiles } from '../tinyDataset';

/** A server on this machine that is up for one test, and what it was asked for. */
export interface LocalServer {
  /** `http://127.0.0.1:…/` */
  readonly url: string;
  readonly port: number;
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Starts servers that stop after each test of the suite, broken connections included. */
export function localServers(): (listener: RequestListener, certificate?: Certificate) => Promise<LocalServer> {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });
  return async (listener, certificate) => {
    const requests: LocalServer['requests'] = [];
    const listening: RequestListener = (request, response) => {
      requests.push({ path: request.url ?? '', range: request.headers.range });
      listener(request, response);
    };
    const server = certificate ? createTlsServer(certificate, listening) : createServer(listening);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/`, port, requests };
  };
}

/** The tiny file that a request asks for, gzipped. */
export function requested(request: IncomingMessage): Buffer {
  const found = Object.values(tinyFiles).find(({ name }) => `${name}.gz` === basename(request.url ?? ''));
  if (found === undefined) throw new Error(`nobody should ask for ${request.url}`);
  return found.gz;
}

/** Serves the tiny data set as it should be. */
export function honest(request: IncomingMessage, response: ServerResponse): void {
  const bytes = requested(request);
  response.writeHead(200, { 'content-length': bytes.length, 'content-type': 'application/x-gzip' }).end(bytes);
}

/** A certificate for 127.0.0.1 that nobody vouches for; undefined where there is no openssl to make it. */
export function selfSigned(): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-spec-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
