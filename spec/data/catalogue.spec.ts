import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, datasetNames, isDatasetName, ROLES } from '../../src/data/catalogue';

const entries = Object.entries(catalogue);

describe('the catalogue', () => {
  it('has an entry for each file of datasets/, under the name it gives itself', () => {
    const files = readdirSync(join(__dirname, '../../datasets')).filter((name) => name.endsWith('.json'));
    expect(files.sort()).to.deep.equal(datasetNames.map((name) => `${name}.json`).sort());
    for (const [key, { name }] of entries) expect(name).to.equal(key);
  });

  it('gives sizes that agree with the shapes: an IDX header and a byte for each pixel and label', () => {
    for (const [, { files, imageShape, classNames }] of entries) {
      const [height, width] = imageShape;
      expect(classNames).to.have.length(10);
      for (const part of ['train', 'test'] as const) {
        const count = files[`${part}Labels`].bytes - 8;
        expect(count).to.equal(part === 'train' ? 60_000 : 10_000);
        expect(files[`${part}Images`].bytes).to.equal(16 + count * height * width);
      }
    }
  });

  it('has a digest of its own for every file', () => {
    const files = entries.flatMap(([, entry]) => ROLES.map((role) => entry.files[role]));
    expect(new Set(files.map(({ gz }) => gz.md5)).size).to.equal(12);
    expect(new Set(files.map(({ sha256, gz }) => sha256 ?? gz.sha256)).size).to.equal(12);
  });

  it('knows its own names only', () => {
    expect(datasetNames).to.deep.equal(['fashion-mnist', 'mnist', 'kmnist']);
    for (const name of ['constructor', '__proto__', 'toString', '', 'MNIST']) expect(isDatasetName(name)).to.be.false;
  });
});
