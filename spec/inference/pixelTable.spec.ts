import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDataset } from '../../src/data/loadDataset';
import type { Dataset } from '../../src/data/samples';
import { openClassifier } from '../../src/inference/classifier';
import { evaluateModel } from '../../src/inference/evaluateModel';
import { fill, temporaryFolder, tinyContents } from '../data/tinyDataset';
import { useBackend } from '../backend';
import { failure } from '../failure';
import { saveTableModel } from './tableModel';

describe('a model of images on a table of pixels', function () {
  this.timeout(60_000);
  useBackend('cpu');
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const options = { env: {} };
  const cpu = { backend: 'cpu' } as const;
  let images: Dataset;
  let names: string[];
  beforeEach(async () => {
    fill(path('images'), tinyContents());
    images = await loadDataset(path('images'));
    names = images.classNames.map((_, label) => `kind ${label}`);
    await saveTableModel(path('m.safetensors'), path('images'), {}, { classNames: names, std: 1 });
  });
  const pixelsOf = (i: number) => [...images.test.features.subarray(i * images.numInputs, (i + 1) * images.numInputs)];
  /** Writes the test set as a table, the label first or last, or none. */
  const write = (labelOf?: (label: number) => string | number, header = true, last = false) => {
    const columns = Array.from({ length: images.numInputs }, (_, j) => `pixel${j}`);
    const line = (label: string | number | undefined, rest: readonly (string | number)[]) =>
      (label === undefined ? rest : last ? [...rest, label] : [label, ...rest]).join(',');
    const rows = Array.from(images.test.labels, (label, i) => line(labelOf?.(label), pixelsOf(i)));
    const head = header ? [line(labelOf && 'label', columns)] : [];
    writeFileSync(path('p.csv'), `${[...head, ...rows].join('\n')}\n`);
    return path('p.csv');
  };
  const evaluate = (dataset: string, more: object = {}, how: object = {}) =>
    evaluateModel(path('m.safetensors'), { ...cpu, dataset, ...more }, { ...options, ...how });

  it('evaluates all rows as it evaluates the images, with classes by name or by number', async () => {
    const { dataset, ...expected } = await evaluate(path('images'));
    expect(dataset).to.equal('images');
    const same = { ...expected, dataset: 'p' };
    expect(await evaluate(write((label) => names[label]!))).to.deep.equal(same);
    expect(await evaluate(write((label) => label))).to.deep.equal(same);
    expect(await evaluate(write((label) => names[label]!, false, true))).to.deep.equal(same);
    expect(
      await evaluate(
        write((label) => label, false),
        { labelColumn: '0' },
      ),
    ).to.deep.equal(same);
  });

  it('refuses other columns, other pixels and other classes, unless they are skipped', async () => {
    const refused = (more?: object) => failure('data', () => evaluate(path('p.csv'), more));
    write();
    expect(await refused()).to.match(/p\.csv has no column of labels to compare with; add it\.$/);
    writeFileSync(path('p.csv'), 'label,a,b\nkind 0,1,2\nkind 1,2,3\n');
    expect(await refused()).to.match(
      /p\.csv has 3 columns, and the model was trained on images of \d+x\d+: a table for it has \d+ columns/,
    );
    const table = write((label) => names[label]!);
    writeFileSync(table, readFileSync(table, 'utf8').replace(/(kind \d+),\d+/, '$1,256'));
    expect(await refused()).to.match(/p\.csv, line 2: column "pixel0" holds no whole number from 0 to 255/);
    write((label) => (label === 0 ? 'new' : names[label]!));
    expect(await refused()).to.match(/have a class that the model does not know: "new" .* `skipUnknownClasses`\.$/);
    const skipped = await evaluate(path('p.csv'), {}, { skipUnknownClasses: true });
    expect(skipped.samples).to.equal(images.test.labels.filter((label) => label !== 0).length);
    write((label) => label, false);
    expect(await failure('usage', () => evaluate(path('p.csv')))).to.match(/does not say which column is the label/);
  });

  it('predicts each row as the sample, labeled or not', async () => {
    const classifier = await openClassifier(path('m.safetensors'), cpu, options);
    const expected = await classifier.rows(Array.from(images.test.labels, (_, i) => pixelsOf(i)));
    for (const file of [write(), write((label) => label)]) {
      const found: number[] = [];
      for await (const { outputs } of classifier.table(file)) found.push(...outputs);
      expect(found).to.deep.equal(expected.flat());
    }
    classifier.close();
  });
});
