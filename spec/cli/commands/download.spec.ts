import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { catalog, ROLES } from '../../../src/data/catalog';
import { defaultDataDir } from '../../../src/data/defaultDataDir';
import { localServers } from '../../data/download/server';
import { temporaryFolder } from '../../data/tinyDataset';
import { need } from '../../need';
import { program } from '../program';
import { session } from '../session';

const FILES = ROLES.map((role) => catalog['fashion-mnist'].files[role]);

/** The published size of the file that is asked for: a server that lies about nothing but the bytes. */
const published = (request: IncomingMessage) =>
  FILES.find(({ name }) => `${name}.gz` === basename(request.url ?? ''))!.gz.bytes;

const announce = (request: IncomingMessage, response: ServerResponse) =>
  response.writeHead(200, { 'content-length': published(request), 'content-type': 'application/x-gzip' });

/**
 * Bytes compressed to a given size: the published files were compressed by another program, whose sizes the catalog
 * has. What is missing is filled up with a comment in the header (RFC 1952, 2.3.1), which no reader looks at.
 */
function gzipOfSize(plain: Buffer, size: number): Buffer {
  const packed = gzipSync(plain, { level: 7 });
  const header = Buffer.from(packed.subarray(0, 10));
  header[3]! |= 0x10;
  const comment = Buffer.concat([Buffer.alloc(size - packed.length - 1, 'x'), Buffer.of(0)]);
  return Buffer.concat([header, comment, packed.subarray(10)]);
}

describe('handgrad download', function () {
  this.timeout(60_000);
  const serve = localServers();
  const folder = temporaryFolder();
  const download = (url: string, dataDir: string) => program(['download', '--source', url, '--data-dir', dataDir]);

  const faults: Record<string, [behave: (request: IncomingMessage, response: ServerResponse) => void, says: RegExp]> = {
    'F21 sends other bytes': [
      (request, response) => void announce(request, response).end(Buffer.alloc(published(request), 7)),
      /train-images-idx3-ubyte/,
    ],
    'F22 answers with a web page': [
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>welcome</html>'),
      /web page/,
    ],
    'F23 knows no such file': [(_request, response) => void response.writeHead(404).end(), /status 404/],
    'F24 dies half way, every time': [
      (request, response) => {
        announce(request, response).write(Buffer.alloc(1000));
        setTimeout(() => response.destroy(), 20);
      },
      /the connection was interrupted/,
    ],
    'F24 stalls': [
      (request, response) => void announce(request, response).write(Buffer.alloc(1000)),
      /sent 1000 bytes in 20 s, which counts as stalled/,
    ],
  };
  for (const [fault, [behave, says]] of Object.entries(faults)) {
    it(`${fault}: exit 3, the source and what it gave, nothing stored`, async () => {
      const { url } = await serve(behave);
      const { code, stdout, stderr } = await download(url, folder());
      expect(code, stderr).to.equal(3);
      expect(stdout).to.equal('');
      expect(stderr)
        .to.match(/^Error: No source provided Fashion-MNIST:$/m)
        .and.match(says);
      expect(stderr)
        .to.contain(url)
        .and.to.contain('as --source')
        .and.not.to.match(/^\s+at /m);
      expect(readdirSync(folder())).to.deep.equal([]);
    });
  }

  it('fetches the real data set from an honest mirror, and then needs it no more', async function () {
    const real = join(process.env['HANDGRAD_DATA_DIR'] || defaultDataDir(), 'fashion-mnist');
    need(this, existsSync(real) ? undefined : `there is no ${real}; "handgrad download" fetches it`);
    const { url, requests } = await serve((request, response) => {
      const plain = readFileSync(join(real, basename(request.url!, '.gz')));
      announce(request, response).end(gzipOfSize(plain, published(request)));
    });
    const fetched = await download(url, folder());
    expect(fetched, fetched.stderr).to.include({ code: 0 });
    expect(fetched.stdout).to.match(/^fashion-mnist: four files in .+, digests verified$/m);
    expect(requests.map(({ path }) => path)).to.deep.equal(FILES.map(({ name }) => `/${name}.gz`));
    const again = await program(['download', '--source', 'http://127.0.0.1:9/', '--data-dir', folder()]);
    expect(again, again.stderr).to.include({ code: 0 });
  });

  it('refuses a name that it does not know, and an address that is none', async () => {
    const misspelt = await session(['download', 'fashion-mnits']);
    expect(misspelt).to.include({ code: 2, stdout: '' });
    expect(misspelt.stderr).to.contain('did you mean fashion-mnist?');
    expect(await session(['download', '--source', 'http://'])).to.include({ code: 2 });
    expect(await session(['download', 'fashion-mnist', '--source', 'npm'])).to.include({ code: 2 });
  });
});
