import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { ROLES, type Source } from '../../../src/data/catalog';
import { type DownloadEvent, downloadFiles, type DownloadOptions } from '../../../src/data/download/download';
import { need } from '../../need';
import { onSmallDisk, smallDiskLacks } from '../../runs/fullDisk';
import { failure } from '../../failure';
import { honest, localServers, requested } from './server';
import { fill, temporaryFolder, tinyContents, tinyEntry, tinyFiles } from '../tinyDataset';

const limits = { retries: 1, retryWaitMs: 5, maxRetryWaitMs: 10, windowMs: 10_000, minBytesPerWindow: 1024 };
const http = (url: string): Source => ({ kind: 'http', url });

describe('downloadFiles', () => {
  const serve = localServers();
  const folder = temporaryFolder();
  const dataDir = () => join(folder(), 'data');
  const get = (sources: readonly Source[], options: Partial<DownloadOptions> = {}, only?: 'plain' | 'gz') =>
    downloadFiles(tinyEntry(sources, only), { dataDir: dataDir(), http: { limits }, ...options });

  /** The four files and nothing else: no part of a download, under any name. */
  const expectComplete = (form: 'bytes' | 'gz' = 'bytes') => {
    expect(readdirSync(dataDir())).to.deep.equal(['tiny']);
    const expected = tinyContents(form);
    expect(readdirSync(join(dataDir(), 'tiny')).sort()).to.deep.equal(Object.keys(expected).sort());
    for (const [name, bytes] of Object.entries(expected)) {
      expect(readFileSync(join(dataDir(), 'tiny', name)).equals(bytes), name).to.be.true;
    }
  };
  const expectNothing = () => expect(readdirSync(dataDir())).to.deep.equal([]);

  it('fetches, verifies and stores the decompressed files, making the data folder', async () => {
    const { url } = await serve(honest);
    const events: DownloadEvent[] = [];
    expect(await get([http(url)], { onEvent: (event) => events.push(event) })).to.equal(join(dataDir(), 'tiny'));
    expectComplete();
    expect(events[0]).to.deep.equal({ type: 'source', dataset: 'tiny', source: url });
    expect(events.at(-1)).to.deep.equal({ type: 'done', dataset: 'tiny', folder: join(dataDir(), 'tiny'), fetched: 4 });
    const last = events.findLast((event) => event.type === 'progress' && event.file === 'train-images-idx3-ubyte');
    const size = tinyFiles.trainImages.gz.length;
    expect(last).to.include({ bytes: size, totalBytes: size });
  });

  it('keeps files compressed where only that form has a published digest', async () => {
    const { url } = await serve(honest);
    await get([http(url)], {}, 'gz');
    expectComplete('gz');
    const plain = fill(join(folder(), 'plain'), tinyContents());
    expect(await failure('data', () => get([], { source: plain, force: true }, 'gz'))).to.contain(
      'holds no train-images',
    );
  });

  it('takes files from a folder, plain or gzipped, with dots or dashes', async () => {
    const contents = tinyContents('gz');
    const dotted = Object.fromEntries(
      Object.entries(contents).map(([name, bytes]) => [name.replace('-idx', '.idx'), bytes]),
    );
    for (const files of [contents, dotted, tinyContents('bytes')]) {
      await get([], { source: fill(join(folder(), String(Math.random())), files), force: true });
      expectComplete();
    }
  });

  it('keeps what is there and good, replaces what is not, and with force fetches all', async () => {
    const { url, requests } = await serve(honest);
    const all = tinyContents();
    delete all['t10k-labels-idx1-ubyte'];
    fill(join(dataDir(), 'tiny'), all);
    writeFileSync(join(dataDir(), 'tiny', 'train-labels-idx1-ubyte'), 'altered');
    const asked = () => requests.splice(0).map(({ path }) => path);
    await get([http(url)]);
    expect(asked()).to.deep.equal(['/train-labels-idx1-ubyte.gz', '/t10k-labels-idx1-ubyte.gz']);
    expectComplete();
    await get([http(url)]);
    expect(asked()).to.deep.equal([]);
    await get([http(url)], { force: true });
    expect(asked()).to.have.length(4);
  });

  const lies: Record<string, (bytes: Buffer) => Buffer> = {
    'F20 gzip with a wrong CRC': (gz) => Buffer.from(gz.map((byte, i) => (i === gz.length - 6 ? byte ^ 1 : byte))),
    'F20 gzip cut short': (gz) => gz.subarray(0, gz.length / 2),
    'F20 gzip with trailing bytes': (gz) => Buffer.concat([gz, Buffer.from('trailing')]),
    'F20 gzip bomb': () => gzipSync(Buffer.alloc(100e6)),
    'F21 wrong digest, right size': (gz) => {
      const { bytes } = tinyFiles.trainImages;
      return gz === tinyFiles.trainImages.gz ? Buffer.from(bytes.map((byte, i) => (i === 99 ? byte ^ 1 : byte))) : gz;
    },
    'F22 HTML instead of data': () => Buffer.from('<html>Gone</html>'),
    'an empty file': () => Buffer.alloc(0),
  };
  for (const [title, lie] of Object.entries(lies)) {
    it(`${title}: refused wherever it comes from, nothing is stored`, async () => {
      const changed = Object.fromEntries(ROLES.map((role) => [role, lie(tinyFiles[role].gz)]));
      const files = tinyContents('gz', changed);
      await failure('data', () => get([], { source: fill(join(folder(), 'lies'), files) }));
      expectNothing();
      const { url } = await serve((request, response) => void response.end(lie(requested(request))));
      await failure('data', () => get([http(url)]));
      expectNothing();
    });
  }

  it('F21 wrong digest of a file that only has one compressed: refused', async () => {
    const other = gzipSync(tinyFiles.trainImages.bytes, { level: 1 });
    const source = fill(join(folder(), 'other'), tinyContents('gz', { trainImages: other }));
    expect(await failure('data', () => get([], { source }, 'gz'))).to.contain('its md5 is');
    expectNothing();
  });

  it('F24 a bad source is followed by the next, which is asked only for what is missing', async () => {
    const dying: RequestListener = (request, response) => {
      if (request.url?.includes('train')) return honest(request, response);
      response.writeHead(200, { 'content-length': requested(request).length }).write('x', () => response.destroy());
    };
    const [first, second] = [await serve(dying), await serve(honest)];
    const events: DownloadEvent[] = [];
    await get([http(first.url), http(second.url)], { onEvent: (event) => events.push(event) });
    expectComplete();
    expect(second.requests.map(({ path }) => path)).to.deep.equal([
      '/t10k-images-idx3-ubyte.gz',
      '/t10k-labels-idx1-ubyte.gz',
    ]);
    const failed = events.filter(({ type }) => type === 'failed');
    expect(failed).to.have.length(1);
    expect(failed[0]).to.include({ source: first.url });
  });

  it('F23 no source is left: one message lists each and what it gave', async () => {
    const missing = await serve((_request, response) => void response.writeHead(404).end());
    const page = await serve(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('x'),
    );
    const stalled = await serve(() => undefined);
    const path = join(folder(), 'absent');
    const names = 'http://nowhere.invalid/';
    const sources = [...[names, missing.url, page.url, stalled.url].map(http), { kind: 'folder', path } as const];
    const message = await failure('data', () => get(sources, { http: { limits: { ...limits, windowMs: 2000 } } }));
    expect(message).to.match(/nowhere\.invalid\/: the host name does not resolve/);
    expect(message).to.contain(`${missing.url}: answered with status 404`);
    expect(message).to.contain(`${page.url}: answered with a web page`);
    expect(message).to.match(/: sent 0 bytes in 2 s, which counts as stalled/);
    expect(message).to.contain(`folder ${path}: holds no train-images-idx3-ubyte`);
    expect(message).to.contain('as `source`');
    expectNothing();
  });

  it('F28 eight downloads at once, in four processes: all end valid, and leave only the files', async function () {
    this.timeout(60_000);
    const { url } = await serve((request, response) => void setTimeout(() => honest(request, response), 20));
    const program = `
      const { downloadFiles } = require('../../../src/data/download/download');
      const [entry, dataDir] = JSON.parse(process.argv[1]);
      Promise.all([1, 2].map(() => downloadFiles(entry, { dataDir, force: true }))).catch((error) => {
        console.error(error);
        process.exitCode = 1;
      });`;
    const argument = JSON.stringify([tinyEntry([http(url)]), dataDir()]);
    const child = () =>
      promisify(execFile)(process.execPath, ['--require', '../../../bin/register.js', '-e', program, argument], {
        cwd: __dirname,
      });
    await Promise.all([child(), child(), child(), child()]);
    expectComplete();
  });

  it('removes what a killed download left a day ago, and nothing younger', async () => {
    const source = fill(join(folder(), 'source'), tinyContents());
    const [old, young] = ['.tiny-part-old', '.tiny-part-young'].map((name) =>
      fill(join(dataDir(), name), { half: 'x' }),
    );
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    utimesSync(old!, twoDaysAgo, twoDaysAgo);
    await get([], { source });
    expect(existsSync(old!)).to.be.false;
    expect(existsSync(young!)).to.be.true;
  });

  it('a source of another kind than the data set has: a usage error naming those it has', async () => {
    const message = await failure('usage', () => get([http('http://nowhere.invalid/')], { source: 'apt' }));
    expect(message).to.contain('auto, http, a folder');
  });

  it('stops when its signal says so, and leaves nothing', async () => {
    const { url } = await serve(() => undefined);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 30);
    const options = { signal: abort.signal, http: {} };
    const error = await get([http(url)], options).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).to.equal('enough');
    expectNothing();
  });

  it('a data folder that cannot be made: a storage error, and soon', async () => {
    const source = fill(join(folder(), 'source'), tinyContents());
    fill(folder(), { file: 'not a folder' });
    for (const impossible of [join(folder(), 'file'), join(folder(), 'file', 'deeper'), '/proc/handgrad/data']) {
      expect(await failure('storage', () => get([], { source, dataDir: impossible }))).to.match(
        /^Cannot write .*; choose another folder\.$|; create it or choose another folder\.$/,
      );
    }
  });

  it('a full disk: a storage error, and nothing is left', function () {
    need(this, smallDiskLacks());
    const source = fill(join(folder(), 'source'), tinyContents());
    const big = { ...tinyEntry([]), files: tinyEntry([]).files };
    const program = `
      const { downloadFiles } = require('../../src/data/download/download');
      const { readdirSync, writeFileSync } = require('node:fs');
      const dataDir = process.argv[1];
      writeFileSync(dataDir + '/filler', Buffer.alloc(56 * 1024));
      await downloadFiles(${JSON.stringify(big)}, { dataDir, source: ${JSON.stringify(source)} }).then(
        () => answer('it fitted'),
        ({ kind, message }) => answer({ kind, message, left: readdirSync(dataDir) }));`;
    const answer = onSmallDisk(program) as { kind: string; message: string; left: string[] };
    expect(answer.kind).to.equal('storage');
    expect(answer.message).to.match(
      /^Cannot write .*: the disk is full \(\d+ bytes needed, \d+ free\); free some space/,
    );
    expect(answer.left).to.deep.equal(['filler']);
  });
});
