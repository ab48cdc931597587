import { expect } from 'chai';
import type { Samples } from '../../../src/data/samples';
import { tableDataset } from '../../../src/data/tables/tableDataset';
import { failure } from '../../failure';
import { lines, open } from './read';

const points = lines('x,label,city', 50, (i) => [i * i, i % 2 ? 'odd' : 'even', ['Ulm', 'Bonn', 'Kiel'][i % 3]!]);
const choice = { labelColumn: 'label' };
const rows = ({ features, numInputs, count }: Samples) =>
  Array.from({ length: count }, (_, i) => [...features.subarray(i * numInputs, (i + 1) * numInputs)]);

describe('the data set of a table', () => {
  it('has inputs, labels and parts', async () => {
    const typed = await open(points, choice);
    const found = tableDataset(typed, { valFraction: 0.25 });
    expect(found).to.deep.include({
      ...{ name: 'stdin', task: 'classification', numInputs: 4, numOutputs: 2, classNames: ['even', 'odd'] },
      ...{ leftOut: [], digest: typed.table.digest },
    });
    expect([found.train, found.validation!, found.test].map(({ count }) => count)).to.deep.equal([30, 10, 10]);
    expect(found.preparation.labels).to.deep.equal(['label']);
    expect(found.preparation.inputs.map(({ name }) => name)).to.deep.equal(['x', 'city']);
    for (const row of rows(found.test)) expect(row.slice(1).reduce((sum, value) => sum + value)).to.equal(1);
    expect(tableDataset(typed)).to.not.have.property('validation');
  });

  it('is prepared by the training part: no row of the others changes anything', async () => {
    const typed = await open(points, choice);
    const { preparation, train } = tableDataset(typed, { valFraction: 0.25 });
    // The training rows by their x; every other row becomes something else.
    const [x] = preparation.inputs;
    if (x!.type === 'category') throw new Error();
    const used = new Set(rows(train).map(([value]) => Math.round(Math.sqrt(value! * x!.std + x!.mean))));
    expect(used.size).to.equal(30);
    const others = lines('x,label,city', 50, (i) =>
      used.has(i)
        ? [i * i, i % 2 ? 'odd' : 'even', ['Ulm', 'Bonn', 'Kiel'][i % 3]!]
        : [i % 4 ? 1e9 : '', i % 2 ? 'odd' : 'even', ['Rom', ''][i % 2]!],
    );
    const changed = tableDataset(await open(others, choice), { valFraction: 0.25 });
    expect(changed.preparation).to.deep.equal(preparation);
    expect(changed.train).to.deep.equal(train);
  });

  it('leaves out what the training part cannot teach, and says why', async () => {
    const text = lines('id,x,same,label', 40, (i) => [i, (i * 7) % 11, 'a', i % 2 ? 'odd' : 'even']);
    expect(tableDataset(await open(text, { ...choice, drop: ['x'], columns: ['id', 'x'] })).leftOut).to.deep.equal([
      { name: 'x', why: 'as asked' },
      { name: 'same', why: 'not asked for' },
    ]);
    expect(tableDataset(await open(text, choice)).leftOut).to.deep.equal([
      { name: 'id', why: 'consecutive numbers from 0' },
      { name: 'same', why: 'every value is the same' },
    ]);
    const late = lines('x,z,label', 40, (i) => [i * i, i === 39 ? 1 : 0, i % 2 ? 'odd' : 'even']);
    expect(tableDataset(await open(late, { ...choice, timeColumn: 'x', columns: ['x', 'z'] })).leftOut).to.deep.equal([
      { name: 'z', why: 'every value is the same in the training part, or too rare to learn from' },
    ]);
    const nothing = await open(text, { ...choice, drop: ['x'] });
    expect(await failure('data', () => tableDataset(nothing))).to.equal(
      'the standard input has no column to learn from, beside the label; left out are "id": consecutive numbers ' +
        'from 0; "x": as asked; "same": every value is the same.',
    );
  });

  it('has standardized targets for one label column of numbers, or several', async () => {
    const text = lines('x,a,b', 40, (i) => [(i * 7) % 11, 100 + (i % 5), i % 3]);
    const found = tableDataset(await open(text, { labelColumn: 'a,b', task: 'regression' }));
    expect(found).to.deep.include({ task: 'regression', numOutputs: 2, classNames: [] });
    const { targets } = found.preparation;
    expect(targets!.map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect(found.targets).to.deep.equal(targets);
    const { targets: values, count, labels } = found.train;
    expect([...labels]).to.deep.equal(new Array(count).fill(0));
    for (const j of [0, 1]) {
      const column = Array.from({ length: count }, (_, i) => values![2 * i + j]!);
      expect(column.reduce((sum, value) => sum + value, 0) / count).to.be.closeTo(0, 1e-6);
      expect(column.reduce((sum, value) => sum + value ** 2, 0) / count).to.be.closeTo(1, 1e-6);
      const { mean, std } = targets![j]!;
      for (const value of column) expect(value * std + mean).to.be.closeTo(Math.round(value * std + mean), 1e-4);
    }
  });

  it('has the weights of its samples', async () => {
    const text = (weight: (i: number) => string | number) =>
      lines('x,w,label', 40, (i) => [(i * 7) % 11, weight(i), i % 2 ? 'odd' : 'even']);
    const weighted = { ...choice, sampleWeightColumn: 'w' };
    const found = tableDataset(
      await open(
        text((i) => (i % 2 ? 3 : 0.5)),
        weighted,
      ),
    );
    expect([...found.train.weights!]).to.deep.equal(Array.from(found.train.labels, (label) => (label ? 3 : 0.5)));
    expect(found.leftOut).to.deep.equal([{ name: 'w', why: 'it weighs the samples' }]);
    for (const [weight, line] of [
      [(i: number) => (i === 5 ? -1 : i), 7],
      [(i: number) => (i === 6 ? '' : i), 8],
      [(i: number) => (i === 6 ? 'much' : i), 2],
      [() => 0, 2],
    ] as const) {
      const typed = await open(text(weight), weighted);
      expect(await failure('data', () => tableDataset(typed))).to.match(
        new RegExp(`^the standard input, line ${line}: the weights in column "w" must be numbers of at least 0`),
      );
    }
  });

  it('is of images, whose pixels stay bytes', async () => {
    const image = (more = {}) =>
      lines('label,a,b,c,d', 20, (i) =>
        Object.values({ l: i % 2, a: (i * 7) % 20, b: 0, c: 255, d: 2 * ((i * 7) % 20), ...more }),
      );
    const found = tableDataset(await open(image(), choice), { imageShape: [2, 2] });
    expect(found).to.deep.include({ imageShape: [2, 2], numInputs: 4, leftOut: [] });
    expect(found.train).to.deep.include({ scale: 1 / 255 });
    expect(found.train.features).to.be.instanceOf(Uint8Array);
    for (const [a, b, c, d] of rows(found.test)) expect([b, c, d]).to.deep.equal([0, 255, 2 * a!]);
    const refused = async (kind: 'usage' | 'data', more: object, shape: [number, number]) => {
      const typed = await open(image(more), choice);
      return failure(kind, () => tableDataset(typed, { imageShape: shape }));
    };
    expect(await refused('usage', {}, [2, 3])).to.equal(
      '`imageShape` 2x3 needs 6 columns of pixels, and the standard input has 4; correct one of them.',
    );
    for (const bad of [256, -1, 0.5, '', 'x']) {
      expect(await refused('data', { b: bad }, [2, 2])).to.match(
        /line 2: column "b" holds no whole number from 0 to 255/,
      );
    }
  });
});
