import { expect } from 'chai';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDataset, loadEntry } from '../../src/data/loadDataset';
import { failure } from '../failure';
import { honest, localServers } from './download/server';
import { fill, temporaryFolder, tinyContents, tinyEntry, tinyFiles } from './tinyDataset';

const { trainImages, trainLabels, testLabels } = tinyFiles;

describe('loadEntry', () => {
  const serve = localServers();
  const folder = temporaryFolder();

  it('downloads what is missing, and gives bytes, labels, names and shape', async () => {
    const { url, requests } = await serve(honest);
    const load = () => loadEntry(tinyEntry([{ kind: 'http', url }]), { dataDir: folder() });
    const { train, test, ...rest } = await load();
    expect(Buffer.from(train.features).equals(trainImages.bytes.subarray(16))).to.be.true;
    expect([...train.labels]).to.deep.equal([...trainLabels.bytes.subarray(8)]);
    expect([...test.labels]).to.deep.equal([...testLabels.bytes.subarray(8)]);
    expect(train).to.include({ count: 300, numInputs: 20, scale: 1 / 255 });
    expect(test).to.include({ count: 40, numInputs: 20, scale: 1 / 255 });
    expect(rest).to.deep.include({ name: 'tiny', numInputs: 20, numOutputs: 3, imageShape: [5, 4] });
    expect(rest.classNames).to.deep.equal(['red', 'green', 'blue']);
    const asked = requests.length;
    expect((await load()).digest).to.equal(rest.digest);
    expect(requests).to.have.length(asked);
  });

  it('F29 no network, data present: works', async () => {
    fill(join(folder(), 'tiny'), tinyContents());
    const entry = tinyEntry([{ kind: 'http', url: 'http://nowhere.invalid/' }]);
    expect((await loadEntry(entry, { dataDir: folder() })).train.count).to.equal(300);
  });

  it('gives the same data and digest from compressed files', async () => {
    const [plain, zipped] = [join(folder(), 'plain'), join(folder(), 'zipped')];
    fill(join(plain, 'tiny'), tinyContents());
    fill(join(zipped, 'tiny'), tinyContents('gz'));
    const one = await loadEntry(tinyEntry([]), { dataDir: plain });
    expect(await loadEntry(tinyEntry([]), { dataDir: zipped })).to.deep.equal(one);
    expect(await loadEntry(tinyEntry([], 'gz'), { dataDir: zipped })).to.deep.equal(one);
  });

  const alterations: Record<string, (path: string) => void> = {
    'one bit flipped': (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(path, bytes);
    },
    'cut short': (path) => truncateSync(path, 100),
    'made longer': (path) => appendFileSync(path, 'x'),
    emptied: (path) => truncateSync(path, 0),
  };
  for (const [how, alter] of Object.entries(alterations)) {
    for (const form of ['bytes', 'gz'] as const) {
      it(`F27 a cached ${form === 'gz' ? 'gzipped' : 'plain'} file ${how}: found at load, with a remedy`, async () => {
        const contents = tinyContents(form);
        for (const name of Object.keys(contents)) {
          fill(join(folder(), 'tiny'), contents);
          alter(join(folder(), 'tiny', name));
          const message = await failure('data', () =>
            loadEntry(tinyEntry([], form === 'gz' ? 'gz' : 'plain'), { dataDir: folder() }),
          );
          expect(message).to.contain(join(folder(), 'tiny', name));
          expect(message).to.contain(`run "handgrad download tiny --data-dir ${folder()}" to repair it`);
        }
      });
    }
  }
});

describe('loadDataset', () => {
  const folder = temporaryFolder();

  it('loads a folder and a file by their paths', async () => {
    const images = fill(join(folder(), 'my-images'), tinyContents('gz'));
    expect(await loadDataset(images)).to.include({ name: 'my-images', numInputs: 20, numOutputs: 3 });
    const csv = join(fill(folder(), { 'flowers.csv': 'a,1\nb,2\na,3\nb,4\na,5\n' }), 'flowers.csv');
    expect(await loadDataset(csv)).to.include({ name: 'flowers', numInputs: 1, numOutputs: 2 });
  });

  it('refuses what is neither, naming the data sets it knows', async () => {
    for (const spec of [
      'fashon-mnist',
      '',
      'constructor',
      '__proto__',
      '../fashion-mnist',
      join(folder(), 'none.csv'),
    ]) {
      const message = await failure('data', () => loadDataset(spec, { dataDir: folder() }));
      expect(message).to.contain(`"${spec}"`).and.to.contain('fashion-mnist, mnist, kmnist');
    }
  });

  it('F29 says where to get a data set when there is neither data nor network', async () => {
    rmSync(folder(), { recursive: true });
    const message = await failure('data', () => loadDataset('kmnist', { dataDir: folder(), source: '/nowhere' }));
    expect(message).to.contain('folder /nowhere: holds no train-images-idx3-ubyte.gz');
  });
});
