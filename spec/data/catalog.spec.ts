import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalog, datasetNames, isDatasetName, ROLES } from '../../src/data/catalog';

const entries = Object.entries(catalog);

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const size = z.int().positive();
const file = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  bytes: size,
  sha256: hex(64).optional(),
  gz: z.strictObject({ bytes: size, md5: hex(32), sha256: hex(64).optional() }),
});
const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), url: z.url({ protocol: /^https?$/ }).endsWith('/') }),
  z.strictObject({ kind: z.literal('apt'), package: z.string(), folder: z.string() }),
  z.strictObject({ kind: z.literal('npm'), package: z.string(), version: z.string(), folder: z.string() }),
  z.strictObject({ kind: z.literal('folder'), path: z.string() }),
]);
const entry = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  imageShape: z.tuple([size, size]),
  classNames: z.array(z.string()).min(2),
  license: z.string(),
  citation: z.string(),
  files: z.strictObject({ trainImages: file, trainLabels: file, testImages: file, testLabels: file }),
  sources: z.array(source).min(1),
});

describe('the catalog', () => {
  it('has an entry for each file of datasets/, under the name it gives itself', () => {
    const files = readdirSync(join(__dirname, '../../datasets')).filter((name) => name.endsWith('.json'));
    expect(files.sort()).to.deep.equal(datasetNames.map((name) => `${name}.json`).sort());
    for (const [key, { name }] of entries) expect(name).to.equal(key);
  });

  it('says all that an entry has to say, and nothing else', () => {
    for (const [key, found] of entries) expect(entry.safeParse(found).error?.message, key).to.equal(undefined);
    const wrong = { ...catalog.mnist, imageShape: [28] };
    expect(entry.safeParse(wrong).success).to.be.false;
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
