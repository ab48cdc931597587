import { expect } from 'chai';
import { HandgradError } from '../../../src/errors';
import { preparationSchema } from '../../../src/data/tables/preparationSchema';
import { type TableDataset, tableDataset } from '../../../src/data/tables/tableDataset';
import type { TableSplit } from '../../../src/data/tables/tableParts';
import type { ColumnChoice } from '../../../src/data/tables/typedTable';
import { createRandom } from '../../../src/random';
import { open } from './read';

const random = createRandom(7, 'split');
const draw = (below: number) => random.integer(below);
const pick = <T>(of: readonly T[]) => of[draw(of.length)]!;
const maybe = <T>(value: () => T, one: number) => (draw(one) === 0 ? value() : undefined);

const NUMBERS = ['0', '1', '-1', '2.5', '1e300', '-1e300', '1e-300', '007', '1.0', '9007199254740993', '1700000000'];
const ODD = [
  '',
  'NA',
  'nan',
  '?',
  'inf',
  '1e999',
  '2024-01-31',
  '31/01/2024',
  '2024-02-30',
  '__proto__',
  'constructor',
];
const WORDS = ['ash', 'birch', 'true', 'false', '"a,b"', '"two\nlines"', '\u001b[31m', 'é', '😀'];
const NAMES = [
  'x',
  'label',
  'class',
  'y',
  'id',
  'user_id',
  '',
  'x ',
  '__proto__',
  'toString',
  '0',
  '-1',
  'a=b',
  'é',
  'when',
];

/** The cells of a column of one kind, a few of them of another. */
function columnOf(rows: number): string[] {
  const numbers = () => String(draw(1000) / pick([1, 10, 7]));
  const kind = pick<(row: number) => string>([
    numbers,
    numbers,
    () => String(draw(3)),
    (row) => String(row + 1),
    () => pick(NUMBERS),
    () => pick(WORDS.slice(0, 4)),
    () => pick(WORDS),
    (row) => `name ${row}`,
    () => `2024-0${1 + draw(9)}-1${draw(10)}`,
    () => `${1 + draw(28)}/${1 + draw(12)}/2023`,
    () => 'same',
    () => pick(['', 'NA']),
    () => pick([...NUMBERS, ...ODD, ...WORDS]),
  ]);
  const strange = pick([0, 0, 0, 0, 0, 0, 4, 40]);
  return Array.from({ length: rows }, (_, row) => (strange > 0 && draw(strange) === 0 ? pick(ODD) : kind(row)));
}

/** The cells of a column that may be a label. */
function labels(rows: number): string[] {
  const of = pick([
    ['0', '1'],
    ['ash', 'birch', 'cedar'],
    ['NA', 'no'],
    ['01', '1'],
    ['1.5', '2', '30'],
  ]);
  return Array.from({ length: rows }, () => pick(of));
}

function textOf(): { text: string; names: string[] } {
  const [rows, width] = [pick([1, 3, 8, 12, 30, 30]), 1 + draw(6)];
  const names = Array.from({ length: width }, (_, i) => pick([`c${i}`, `c${i}`, pick(NAMES)]));
  const columns = names.map((_, i) => (i === 0 && draw(3) > 0 ? labels(rows) : columnOf(rows)));
  const separator = pick([',', ',', ';', '\t']);
  const lines = Array.from({ length: rows }, (_, row) => columns.map((cells) => cells[row]!).join(separator));
  if (draw(8) > 0) lines.unshift(names.join(separator));
  let text = lines.join('\n') + pick(['\n', '']);
  for (let changes = pick([0, 0, 0, 0, 0, 1, 3]); changes > 0; changes--) {
    const at = draw(text.length + 1);
    text = text.slice(0, at) + pick(['', '"', '\n', ',', '0', '-', '\u0000']) + text.slice(at + draw(3));
  }
  return { text, names };
}

function choiceOf(names: readonly string[]): ColumnChoice & TableSplit & { normalize?: boolean } {
  const name = () => pick([...names, ...names, ...names, ...names, String(draw(7) - 2), 'none']);
  const some = () => Array.from({ length: 1 + draw(2) }, name);
  const types = () => [`${name()}=${pick(['number', 'category', 'date', 'identifier', 'constant', 'word'])}`];
  const folds = maybe(() => 2 + draw(4), 6);
  return {
    labelColumn: pick([names[0], names[0], names[0], '0', name(), `${name()},${name()}`, undefined]),
    task: pick([undefined, undefined, undefined, 'classification', 'regression']),
    columns: maybe(some, 16),
    drop: maybe(some, 16),
    types: maybe(types, 6),
    sampleWeightColumn: maybe(name, 20),
    groupColumn: maybe(name, 20),
    timeColumn: maybe(name, 20),
    ...(folds !== undefined && { folds, fold: 1 + draw(folds) }),
    testFraction: maybe(() => pick([0.01, 0.5, 0.99]), 6),
    valFraction: maybe(() => pick([0.1, 0.5]), 4),
    limit: maybe(() => 1 + draw(20), 20),
    seed: draw(3),
    normalize: draw(6) > 0,
  };
}

/** That a data set is whole. */
function check(
  { train, validation, test, numInputs, numOutputs, classNames, task, preparation }: TableDataset,
  normalized: boolean,
) {
  for (const part of [train, test, ...(validation ? [validation] : [])]) {
    const { count, features, labels, targets } = part;
    if (count < 1 || part.numInputs !== numInputs || features.length !== count * numInputs) throw new Error('inputs');
    if (labels.length !== count || labels.some((label) => !(label >= 0 && label < numOutputs)))
      throw new Error('labels');
    if ((targets?.length ?? 0) !== (task === 'regression' ? count * numOutputs : 0)) throw new Error('targets');
    if (normalized && part === train && !features.every(Number.isFinite)) throw new Error('an input is no number');
    if (normalized && part === train && targets?.every(Number.isFinite) === false)
      throw new Error('a target is no number');
  }
  if (task === 'classification' && new Set(classNames).size !== numOutputs) throw new Error('classes');
  preparationSchema.parse(JSON.parse(JSON.stringify(preparation)));
}

describe('any table, with any choice', function () {
  this.timeout(120_000);

  it('F30 is a data set, or refused in one sentence, soon', async () => {
    const found = { dataset: 0, data: 0, usage: 0 };
    for (let i = 0; i < 20_000; i++) {
      const { text, names } = textOf();
      const choice = choiceOf(names);
      const shown = JSON.stringify({ i, text, choice });
      const began = performance.now();
      try {
        check(tableDataset(await open(text, choice), choice), choice.normalize !== false);
        found.dataset++;
      } catch (error) {
        if (!(error instanceof HandgradError)) throw new Error(shown, { cause: error });
        expect(error.kind, shown).to.be.oneOf(['data', 'usage']);
        expect(error.message, shown).to.match(/^[^\p{Cc}]{5,1500}[.?]$/u);
        found[error.kind as 'data' | 'usage']++;
      }
      expect(performance.now() - began, shown).to.be.below(2000);
    }
    expect(Math.min(...Object.values(found)), JSON.stringify(found)).to.be.above(2000);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });
});
