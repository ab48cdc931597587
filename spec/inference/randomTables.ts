import * as fc from 'fast-check';
import * as tf from '@tensorflow/tfjs-core';
import type { Preparation } from '../../src/data/samples';
import { openTable } from '../../src/data/tables/openTable';
import { prepareRows } from '../../src/data/tables/preparation';
import { tableDataset } from '../../src/data/tables/tableDataset';
import { decodeModel, encodeModel } from '../../src/model/modelFile';
import { networkOf, readParameters } from '../../src/model/parameters';
import { mlp } from '../../src/nn/mlp';
import { softmax } from '../../src/nn/softmaxCrossEntropy';
import { resolveConfig } from '../../src/runs/config';
import { modelConfig, type OpenedModel, parseModelConfig } from '../../src/runs/modelConfig';
import { randomNetwork } from '../nn/randomNetwork';

/** A table as text, and the same rows written in another way. */
export interface RandomTable {
  readonly task: 'classification' | 'regression';
  readonly csv: string;
  /** Some of the rows in another order, and all of the columns, perhaps without the label. */
  readonly other: string;
  /** For each row of `other`, the one of `csv`, from 0. */
  readonly rows: readonly number[];
  readonly columns: readonly { readonly name: string; readonly cells: readonly string[] }[];
}

const NAMES = [
  'a',
  'b c',
  'say "yes"',
  'x;y',
  'p,q',
  'H1',
  'probabilities',
  'values',
  'ünï',
  'handgrad/X',
  '__proto__',
];
const WORDS = ['red', 'Blue', 'dark red', 'a,b', 'a;b', 'he said "no"', 'two\nlines', 'größe', '007', '1e5', 'true'];

const maybeMissing = (cell: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 6, arbitrary: cell }, { weight: 1, arbitrary: fc.constantFrom('', 'NA', 'nan', 'None', '?') });
const two = (value: number) => String(value).padStart(2, '0');
const CELLS: readonly fc.Arbitrary<string>[] = [
  fc.integer({ min: -3, max: 200 }).map(String),
  fc.integer({ min: -1e6, max: 1e6 }).map((value) => (value / 1000).toFixed(3)),
  fc.integer({ min: 0, max: 5000 }).map((value) => String(1_700_000_000_000 + value)),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => String(Math.abs(value) < 1e-3 ? 0 : value)),
  fc.constantFrom(...WORDS),
  fc.integer({ min: 0, max: 120 }).map((code) => String(code).padStart(3, '0')),
  fc.constantFrom('yes', 'no'),
  fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([m, d]) => `2020-${two(m)}-${two(d)}`),
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 })).map(([m, d]) => `${d}.${m}.1999`),
].map(maybeMissing);

const quotedCell = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const written = (rows: readonly (readonly string[])[], separator: string, quoteAll: boolean) =>
  rows
    .map((row) => row.map((cell) => (quoteAll || /[",;\t\n]/.test(cell) ? quotedCell(cell) : cell)).join(separator))
    .join('\n') + '\n';

/** Tables of every type of column, with missing cells and cells that need quotes. */
export const randomTable: fc.Arbitrary<RandomTable> = fc
  .record({
    task: fc.constantFrom('classification' as const, 'regression' as const),
    count: fc.integer({ min: 12, max: 24 }),
    names: fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 4 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    separator: fc.constantFrom(',', ';', '\t'),
    quoteAll: fc.boolean(),
    withLabel: fc.boolean(),
  })
  .chain(({ names, count, ...how }) =>
    fc.record({
      how: fc.constant({ ...how, count }),
      columns: fc.tuple(
        ...names.map((name) =>
          fc
            .constantFrom(...CELLS)
            .chain((cell) => fc.array(cell, { minLength: count, maxLength: count }).map((cells) => ({ name, cells }))),
        ),
      ),
      order: fc.shuffledSubarray([...names, 'sure', 'label'], { minLength: names.length + 2 }),
      rows: fc.shuffledSubarray(
        Array.from({ length: count }, (_, i) => i),
        { minLength: 5 },
      ),
    }),
  )
  .map(({ how: { task, count, separator, quoteAll, withLabel }, columns, order, rows }) => {
    // Never left out, so that there is something to learn from.
    const sure = { name: 'sure', cells: Array.from({ length: count }, (_, i) => ((i * i) % 7) + 0.5).map(String) };
    const label = {
      name: 'label',
      cells: Array.from({ length: count }, (_, i) =>
        task === 'regression' ? String(1e6 + i * 2.5) : ['x', 'y, z', 'w'][i % 3]!,
      ),
    };
    const all = [...columns, sure, label];
    const grid = (some: typeof all, which: readonly number[]) => [
      some.map(({ name }) => name),
      ...which.map((row) => some.map(({ cells }) => cells[row]!)),
    ];
    const others = order.map((name) => all.find((column) => column.name === name)!);
    return {
      ...{ task, rows, columns: all },
      csv: written(grid(all, [...label.cells.keys()]), ',', false),
      other: written(
        grid(withLabel ? others : others.filter(({ name }) => name !== 'label'), rows),
        separator,
        quoteAll,
      ),
    };
  });

/** A text as the standard input. */
export const asStdin = (text: string) => () =>
  // eslint-disable-next-line @typescript-eslint/require-await
  (async function* () {
    yield Buffer.from(text);
  })();

/**
 * A model of a table with a random network, by way of the bytes of its file.
 * @returns also what it gives the rows of the table, row-major, computed without the file
 */
export async function modelOf({ csv, task }: RandomTable): Promise<{
  readonly model: OpenedModel;
  readonly expected: number[][];
  readonly preparation: Preparation;
}> {
  const typed = await openTable('-', { labelColumn: 'label', task }, { stdin: asStdin(csv) });
  const dataset = tableDataset(typed);
  const { preparation } = dataset;
  const network = randomNetwork([dataset.numInputs, 4, dataset.numOutputs], 3, 0.3);
  const parameters = await readParameters(network);
  tf.dispose(network);
  const { config } = resolveConfig([{ values: { dataset: 'some.csv', hidden: [4], task }, from: 'options' }]);
  const bytes = encodeModel({ parameters, config: modelConfig(config, dataset) });
  const read = decodeModel(bytes, 'model');
  const model = { path: 'model', parameters: read.parameters, config: parseModelConfig(read.config, 'model') };
  const { features } = prepareRows(preparation, typed.table);
  const outputs = tf.tidy(() => {
    const O = mlp(tf.tensor2d(features, [typed.table.count, dataset.numInputs]), networkOf(parameters, 'relu'));
    return (preparation.targets ? O : softmax(O)).arraySync();
  });
  const expected = outputs.map((row) =>
    row.map((value, i) =>
      preparation.targets ? value * preparation.targets[i]!.std + preparation.targets[i]!.mean : value,
    ),
  );
  return { model, expected, preparation };
}
