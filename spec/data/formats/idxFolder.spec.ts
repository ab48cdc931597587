import { expect } from 'chai';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadIdxFolder } from '../../../src/data/formats/idxFolder';
import { failure } from '../../failure';
import { fill, idxBytes, temporaryFolder, tinyContents, tinyFiles } from '../tinyDataset';

const { trainImages, trainLabels, testImages } = tinyFiles;

describe('loadIdxFolder', () => {
  const folder = temporaryFolder();
  const load = (contents: Readonly<Record<string, Uint8Array>>) => loadIdxFolder(fill(join(folder(), 'set'), contents));
  const refusal = (changed: Parameters<typeof tinyContents>[1], form?: 'bytes' | 'gz') =>
    failure('data', () => load(tinyContents(form, changed)));

  it('counts the classes by the training labels and names them by number', async () => {
    const set = await load(tinyContents());
    expect(set).to.deep.include({ name: 'set', numInputs: 20, numOutputs: 3, imageShape: [5, 4] });
    expect(set.classNames).to.deep.equal(['0', '1', '2']);
  });

  it('finds files with dots, a prefix, "test" and .gz, and gives the same data', async () => {
    const plain = await load(tinyContents());
    const gz = Object.entries(tinyContents('gz'));
    const renamed = (rename: (name: string) => string) => Object.fromEntries(gz.map(([name, b]) => [rename(name), b]));
    for (const [i, rename] of [
      (name: string) => name.replace('-idx', '.idx'),
      (name: string) => `emnist-letters-${name}`,
      (name: string) => name.replace('t10k', 'test').replace(/-idx\d-ubyte/, ''),
    ].entries()) {
      const named = join(folder(), String(i), 'set');
      expect(await loadIdxFolder(fill(named, renamed(rename)))).to.deep.equal(plain);
    }
  });

  it('finds files in folders that are named like them, as Kaggle unpacks them', async () => {
    const plain = await load(tinyContents());
    const nested = join(folder(), 'kaggle', 'set');
    for (const [name, bytes] of Object.entries(tinyContents())) fill(join(nested, name), { [name]: bytes });
    fill(join(nested, 'notes'), { 'train-images-idx3-ubyte': 'of others' });
    expect(await loadIdxFolder(nested)).to.deep.equal(plain);
  });

  it('counts the classes from 1 where no sample has 0', async () => {
    const from1 = (name: string) => {
      const bytes = Buffer.from(tinyContents()[name]!);
      return bytes.map((value, i) => (i < 8 ? value : value + 1));
    };
    const [trainName, testName] = [trainLabels.name, tinyFiles.testLabels.name];
    const set = await load({ ...tinyContents(), [trainName]: from1(trainName), [testName]: from1(testName) });
    const plain = await load(tinyContents());
    expect(set).to.deep.include({ numOutputs: 3, classNames: ['1', '2', '3'] });
    expect(set.train.labels).to.deep.equal(plain.train.labels);
    // One sample with 0, be it a test sample, is a class 0.
    expect((await load({ ...tinyContents(), [trainName]: from1(trainName) })).classNames).to.deep.equal([...'0123']);
  });

  it('takes rows without height and width', async () => {
    const rows = (count: number) => idxBytes([count, 6], new Uint8Array(count * 6));
    const labels = (count: number) =>
      idxBytes(
        [count],
        Uint8Array.from({ length: count }, (_, i) => i % 7),
      );
    const set = await load(
      tinyContents('bytes', {
        trainImages: rows(9),
        trainLabels: labels(9),
        testImages: rows(8),
        testLabels: labels(8),
      }),
    );
    expect(set).to.include({ numInputs: 6, numOutputs: 7 });
    expect(set).not.to.have.property('imageShape');
  });

  it('a missing file, and two that could be meant: refused by name', async () => {
    const contents = tinyContents();
    delete contents['t10k-labels-idx1-ubyte'];
    expect(await failure('data', () => load(contents))).to.contain('t10k-labels-idx1-ubyte');
    const two = { ...tinyContents(), 'other-train-images-idx3-ubyte': trainImages.bytes };
    expect(await failure('data', () => load(two))).to.contain('holds both');
  });

  it('F26 images given as labels, and labels as images', async () => {
    const images = await refusal({ trainLabels: trainImages.bytes });
    expect(images).to.contain('train-labels').and.to.contain('[300, 5, 4]');
    expect(await refusal({ trainImages: trainLabels.bytes })).to.contain('[300], where images');
  });

  it('F26 counts that differ', async () => {
    const found = await refusal({ trainImages: testImages.bytes });
    expect(found).to.contain('holds 40 samples').and.to.contain('holds 300 labels');
  });

  it('F103 counts are compared before anything is decompressed', async () => {
    const large = gzipSync(idxBytes([60_000, 10, 100], new Uint8Array(60_000_000)));
    const memory = process.memoryUsage().arrayBuffers;
    expect(await failure('data', () => load({ ...tinyContents('gz'), [`${trainImages.name}.gz`]: large }))).to.match(
      /holds 60000 samples, but .* holds 300 labels/,
    );
    expect(process.memoryUsage().arrayBuffers - memory).to.be.below(10e6);
  });

  it('F26 test samples of another size', async () => {
    const other = idxBytes([40, 4, 5], new Uint8Array(800));
    expect(await refusal({ testImages: other })).to.contain('[4, 5], the training ones are [5, 4]');
  });

  it('F26 labels out of range', async () => {
    const labels = new Uint8Array(40);
    labels[17] = 3;
    expect(await refusal({ testLabels: idxBytes([40], labels) })).to.contain('label 3 at position 17');
  });

  it('F26 dims of 2^32-1, plain and gzipped: refused before anything is allocated', async () => {
    const most = 2 ** 32 - 1;
    const huge = idxBytes([most, most, most], new Uint8Array(100));
    const before = process.memoryUsage().arrayBuffers;
    expect(await refusal({ trainImages: huge }))
      .to.contain('claims 7.9')
      .and.to.contain('at most 116;');
    expect(await refusal({ trainImages: gzipSync(huge) }, 'gz')).to.contain('claims 7.9');
    // A gigabyte could be allocated, but neither file can hold it.
    const large = idxBytes([1000, 1000, 1000], new Uint8Array(100));
    expect(await refusal({ trainImages: large })).to.contain('claims 1000000016 bytes');
    expect(await refusal({ trainImages: gzipSync(large) }, 'gz')).to.contain('claims 1000000016 bytes');
    expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(1e6);
  });

  it('F20 gzip bomb in any folder: stopped at the size its header gives', async () => {
    const bomb = gzipSync(idxBytes([300, 5, 4], new Uint8Array(200e6)));
    const before = process.memoryUsage().rss;
    expect(await refusal({ trainImages: bomb }, 'gz')).to.contain('more than the expected 6016 bytes');
    expect(process.memoryUsage().rss - before).to.be.lessThan(50e6);
  });

  it('F20 gzip cut at each 1/64, a wrong CRC, trailing bytes', async () => {
    const { gz } = trainImages;
    for (let part = 0; part < 64; part++) await refusal({ trainImages: gz.subarray(0, (gz.length * part) / 64) }, 'gz');
    const wrong = Buffer.from(gz);
    wrong[gz.length - 5]! ^= 1;
    expect(await refusal({ trainImages: wrong }, 'gz')).to.contain('incorrect');
    expect(await refusal({ trainImages: Buffer.concat([gz, Buffer.alloc(3)]) }, 'gz')).to.contain('3 bytes after');
  });

  it('F26 wrong magic, wrong type, short and long bodies in a folder: the file is named', async () => {
    for (const bytes of [
      Buffer.from('<html>'),
      Buffer.alloc(0),
      idxBytes([300, 5, 4], new Uint8Array(24000), 0x0c),
      trainImages.bytes.subarray(0, -1),
      Buffer.concat([trainImages.bytes, Buffer.alloc(1)]),
    ]) {
      expect(await refusal({ trainImages: bytes })).to.contain('train-images-idx3-ubyte');
    }
  });
});
