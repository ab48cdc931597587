import { lstat, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { HandgradError } from '../errors';
import { pagesFolder } from '../files/places';
import { readOwn } from '../files/readWhole';
import { compareReport } from '../reports/compareReport';
import { GENERATOR, reportPolicy } from '../reports/html';
import { runReport } from '../reports/runReport';
import { readFolders, REPORT } from '../reports/writeReport';
import { readNewMetrics } from '../runs/readRun';
import { RUN_FILES } from '../runs/runFolder';
import { rank } from '../sweeps/state/ranking';
import { replay } from '../sweeps/state/sweepState';
import { readSweepFolder, runName, TRIALS } from '../sweeps/sweepFolder';
import { settingsInShort } from './chooseRuns';
import { openCollection, type RunCollection, type RunList } from './listRuns';

/** Options of the live page. */
export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port?: number;
}

/** A page that is being served. */
export interface ServedRuns {
  readonly url: string;
  /** Ends it, and the connections to it. */
  close(): Promise<void>;
}

/** What answers a request. */
interface Answer {
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly policy?: string;
}

/** How long a list is given again to others who ask, in milliseconds: several windows cost no more than one. */
const FRESH_MS = 300;
const MAX_REPORT_BYTES = 64e6;
const JSON_TYPE = 'application/json; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';
const JS_TYPE = 'text/javascript; charset=utf-8';
const CSS_TYPE = 'text/css; charset=utf-8';

/** The files of the page, by address. */
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['runs/index.html', HTML_TYPE],
  '/script.js': ['runs/script.js', JS_TYPE],
  '/style.css': ['runs/style.css', CSS_TYPE],
  '/look.css': ['look.css', CSS_TYPE],
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * Serves a folder of runs as a live page, to this machine only: lists, curves that grow while runs train, the trials of
 * sweeps, and reports. It only reads. Requests that name another host are refused, so that no other page can reach it
 * by a name of its own.
 * @param dir the folder of runs; `runs` when omitted, which may be created later
 * @throws HandgradError 'usage' when there is no such folder; 'backend' when the port cannot be used
 */
export async function serveRuns(dir?: string, { port = 0 }: ServeOptions = {}): Promise<ServedRuns> {
  const collection = openCollection(dir);
  // A folder that is not named may be created later.
  if (dir !== undefined) await collection.check();
  const list = freshList(collection);
  const hosts = new Set<string>();
  const server = createServer((request, response) => void respond(request, response, hosts, list));
  await new Promise<void>((done, fail) => {
    server.once('error', (error) => {
      const remedy = 'choose another port, or 0 for a free one';
      fail(
        new HandgradError('backend', `Port ${port} cannot be used (${error.message}); ${remedy}.`, { cause: error }),
      );
    });
    server.listen(port, '127.0.0.1', done);
  });
  const own = (server.address() as AddressInfo).port;
  for (const name of ['127.0.0.1', 'localhost']) hosts.add(`${name}:${own}`);
  return {
    url: `http://127.0.0.1:${own}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** A list that is read again once it is older than `FRESH_MS`; a folder that is not there has no runs. */
function freshList(collection: RunCollection): () => Promise<RunList & { readonly name: string }> {
  const name = basename(resolve(collection.dir));
  let reading: Promise<RunList> | undefined;
  return async () => {
    if (!reading) {
      reading = collection.read();
      const forget = () => void setTimeout(() => (reading = undefined), FRESH_MS).unref();
      reading.then(forget, forget);
    }
    const list = await reading.catch((error: unknown): RunList => {
      if (error instanceof HandgradError) return { runs: [], leftOut: [] };
      throw error;
    });
    return { ...list, name };
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  hosts: ReadonlySet<string>,
  list: () => Promise<RunList & { readonly name: string }>,
): Promise<void> {
  const { method, headers, url = '/' } = request;
  const send = (status: number, { type, body, policy = POLICY }: Answer) => {
    response.writeHead(status, {
      'content-type': type,
      'content-security-policy': `${policy}; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
      ...(status === 405 && { allow: 'GET, HEAD' }),
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
  const refuse = (status: number, why: string) => send(status, { type: 'text/plain; charset=utf-8', body: `${why}\n` });
  try {
    if (!hosts.has(headers.host?.toLowerCase() ?? '')) return refuse(421, 'This page is served to this machine only.');
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Only GET is answered.');
    const { pathname, searchParams } = new URL(`http://localhost${url}`);
    const found = await answer(pathname, searchParams, list);
    if (found) send(200, found);
    else refuse(404, 'There is no such page or run.');
  } catch (error) {
    // A run that is removed meanwhile, a damaged one, or an address that is none.
    if (error instanceof HandgradError) refuse(404, error.message);
    else refuse(error instanceof TypeError ? 400 : 500, 'This cannot be answered.');
  }
}

async function answer(
  path: string,
  query: URLSearchParams,
  list: () => Promise<RunList & { readonly name: string }>,
): Promise<Answer | undefined> {
  if (Object.hasOwn(FILES, path)) {
    const [file, type] = FILES[path]!;
    return { type, body: await readFile(join(pagesFolder(), file)) };
  }
  if (path === '/api/runs') {
    const { name, runs, leftOut } = await list();
    const settings = settingsInShort(runs);
    // No path of this machine.
    const shown = runs.map(({ dir: _dir, settings: _all, ...run }, i) => ({ ...run, short: settings[i] }));
    return json({ name, runs: shown, leftOut });
  }
  const dir = await folderOf(query.get('run') ?? '', await list());
  if (dir === undefined) return undefined;
  if (path === '/api/metrics') {
    const [file, bytes] = [query.get('file'), Number(query.get('bytes'))];
    const since = file !== null && Number.isSafeInteger(bytes) && bytes >= 0 ? { file, bytes } : undefined;
    return json(await readNewMetrics(dir, since));
  }
  if (path === '/api/sweep') return json(await sweepOf(dir));
  return path === '/report' ? report(dir) : undefined;
}

const json = (value: object): Answer => ({ type: JSON_TYPE, body: JSON.stringify(value) });

/** The name of a folder inside a run or a sweep that has a report of its own. */
const INSIDE = /^(trials\/)?[\w-]{1,40}$/;

/** The folder of a listed run, or of a trial or fold in it; links are not followed. */
async function folderOf(name: string, { runs }: RunList): Promise<string | undefined> {
  const [first, ...inside] = name.split('/');
  const run = runs.find(({ folder }) => folder === first);
  if (!run || inside.length === 0) return run?.dir;
  if (!INSIDE.test(inside.join('/'))) return undefined;
  let dir = run.dir;
  for (const part of inside) {
    dir = join(dir, part);
    if (!(await lstat(dir).catch(() => undefined))?.isDirectory()) return undefined;
  }
  return dir;
}

/** The trials of a sweep, best first. */
async function sweepOf(dir: string) {
  const { spec, entries } = await readSweepFolder(dir);
  const rows = rank(replay(spec, entries));
  const { metric, parameters } = spec;
  return {
    metric,
    parameters: Object.keys(parameters),
    rows: await Promise.all(
      rows.map(async ({ trial, state, configuration, value, spread, epochs, seconds, curve, runDirs }) => {
        // A trial that trains has no result yet, but a folder.
        const run = runDirs[0] ?? `${TRIALS}/${runName({ trial, seed: 0 }, spec.seeds)}`;
        const isHere = INSIDE.test(run) && (await lstat(join(dir, run)).catch(() => undefined))?.isDirectory();
        return { trial, state, configuration, value, spread, epochs, seconds, curve, ...(isHere && { run }) };
      }),
    ),
  };
}

/** The report that was written of a run, unless it has trained since; else one of its records, without its network. */
async function report(dir: string): Promise<Answer> {
  const policy = await reportPolicy();
  const written = await writtenReport(dir);
  if (written) return { type: HTML_TYPE, body: written, policy };
  const { comparison, run } = await readFolders([dir]);
  const body = comparison ? await compareReport(comparison) : await runReport(run, undefined);
  return { type: HTML_TYPE, body, policy };
}

async function writtenReport(dir: string): Promise<Uint8Array | undefined> {
  const path = join(dir, REPORT);
  const timeOf = (file: string) =>
    lstat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  if ((await timeOf(path)) < (await timeOf(join(dir, RUN_FILES.metrics)))) return undefined;
  const refuse = (why: string) => new HandgradError('model', `${path} ${why}.`);
  const page = await readOwn(path, MAX_REPORT_BYTES, refuse).catch(() => undefined);
  return page?.includes(GENERATOR) ? page : undefined;
}
