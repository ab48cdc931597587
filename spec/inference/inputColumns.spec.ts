import { expect } from 'chai';
import type { Dataset, Samples } from '../../src/data/samples';
import { inputColumns } from '../../src/inference/inputColumns';

describe('inputColumns', () => {
  const samples = (features: readonly number[], numInputs: number): Samples => ({
    features: Float32Array.from(features),
    ...{ scale: 1, labels: new Int32Array(1), count: features.length / numInputs, numInputs },
  });
  const dataset = (numInputs: number, more: Partial<Dataset> = {}): Dataset => {
    const none = samples([], numInputs);
    return {
      name: 'd',
      train: none,
      test: none,
      numInputs,
      numOutputs: 2,
      classNames: ['a', 'b'],
      digest: '',
      ...more,
    };
  };

  it('are those of the table, with all their inputs, and values as in it', () => {
    const size = { name: 'size', type: 'number', median: 5, mean: 10, std: 2, indicator: true } as const;
    const format = 'year-month-day';
    const day = { name: 'day', type: 'date', format, median: 0, mean: 19_000, std: 10, indicator: false } as const;
    const color = { name: 'color', type: 'category', categories: ['blue', 'red'], rare: true, missing: true } as const;
    const preparation = { task: 'classification', inputs: [size, color, day], labels: ['label'] } as const;
    const columns = inputColumns(dataset(7, { preparation }));
    expect(columns.map(({ name, first, width }) => [name, first, width])).to.deep.equal([
      ['size', 0, 2],
      ['color', 2, 4],
      ['day', 6, 1],
    ]);
    const rows = samples([1.5, 0, 0, 1, 0, 0, 2, -2.5, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 7);
    const texts = [0, 1, 2, 3].map((row) => columns.map((column) => column.text(rows, row)));
    expect(texts).to.deep.equal([
      ['13', 'red', '2022-01-28'],
      ['–', '–', '2022-01-08'],
      ['10', 'a rare one', '2022-01-08'],
      ['10', 'an unknown one', '2022-01-08'],
    ]);
  });

  it('show the day that a float32 input was made from', () => {
    const format = 'year-month-day';
    const [mean, std] = [19_000.3, 517.7];
    const day = { name: 'day', type: 'date', format, median: 0, mean, std, indicator: false } as const;
    const preparation = { task: 'classification', inputs: [day], labels: ['label'] } as const;
    const [column] = inputColumns(dataset(1, { preparation }));
    const days = Array.from({ length: 1000 }, (_, i) => 18_000 + 2 * i);
    const rows = samples(
      days.map((at) => (at - mean) / std),
      1,
    );
    const found = days.map((_, row) => column!.text(rows, row));
    expect(found).to.deep.equal(days.map((at) => new Date(at * 86_400_000).toISOString().slice(0, 10)));
  });

  it('are numbered where nothing names them, and none for images', () => {
    const [, second] = inputColumns(dataset(2));
    expect([second!.name, second!.text(samples([0, 0.123456], 2), 0)]).to.deep.equal(['input 2', '0.1235']);
    expect(inputColumns(dataset(4, { imageShape: [2, 2] }))).to.deep.equal([]);
  });
});
