import type { PreparedColumn } from '../../src/data/samples';
import type {
  ClassBalance,
  DatasetDescription,
  DescribedColumn,
  DescribedImages,
  DescribedTable,
  DescribedTraining,
} from '../../src/runs/describeDataset';
import { firstOf, formatCount, formatShare, plural, quoted, visibleName } from '../../src/words';
import { histogramBars } from '../terminal/sparkline';
import { table } from '../terminal/table';
import { cut, wrapped } from '../terminal/text';
import type { Terminal } from '../terminal/terminal';
import { describeRun } from './training';

/** With more columns than this, the first are listed; JSON has all. */
const MOST_COLUMNS = 40;
/** With more classes than this, the most frequent are listed. */
const MOST_CLASSES = 20;

/** From this width on, a table shows beside each column what it becomes. */
const WIDE = 130;
/** The most characters of a column's values. */
const MOST_VALUES = 80;
/** Below this width, a column takes several lines. */
const NARROW = 72;

/** Shows what is in a data set, and what training would do with it. */
export function showDescription(description: DatasetDescription, terminal: Terminal): void {
  const { dataset, table: found, images, training, refusal, notices } = description;
  const { lineWidth, result: say } = terminal;
  say(`${terminal.out.bold(visibleName(dataset))}: ${headline(description)}`);
  if (found) say(`\n${columnText(found, training, terminal)}`);
  if (images) say(`\n${imageText(images, lineWidth)}`);
  if (training?.classes) say(`\n${classText(training.classes, terminal)}`);
  if (training) {
    say(`\n${terminal.out.bold('Training')} with these settings:`);
    const [data, ...others] = describeRun(training).split('\n');
    for (const line of [data!, ...dataLines(training, found), ...others]) say(wrapped(line, lineWidth));
  }
  if (refusal !== undefined) {
    const text = wrapped(terminal.worded(`Training would be refused: ${refusal}`), lineWidth, 0);
    say(`\n${text.replace(/^[^:]+:/, terminal.out.yellow)}`);
  }
  if (notices.length > 0) say('');
  for (const notice of notices) say(`${terminal.out.yellow('Note:')} ${notice}`);
}

function headline({ table: found, images, training }: DatasetDescription): string {
  if (found) {
    const { rows, columns, hasHeader, repeatedRows } = found;
    const names = hasHeader ? '' : '; no header, so name columns by position, from 0';
    const identifiers = columns.filter(({ type }) => type === 'identifier').map(({ name }) => quoted(name));
    const repeat = `${formatCount(repeatedRows)} ${repeatedRows === 1 ? 'repeats' : 'repeat'} an earlier one`;
    const apart = identifiers.length === 0 ? repeat : `${repeat}, apart from ${firstOf(identifiers, 3)}`;
    const repeats = repeatedRows > 0 ? ` (${apart})` : '';
    return `${plural(rows, 'row')}${repeats}, ${plural(columns.length, 'column')}${names}`;
  }
  const what = images?.shape ? `images of ${images.shape.join('x')} pixels` : 'rows of bytes';
  return training?.classes ? `${what}, ${formatCount(training.classes.length)} classes` : what;
}

/** The cells that are shown of a column. */
interface ColumnCells {
  readonly name: string;
  readonly type: string;
  readonly missing: string;
  readonly unique: string;
  readonly values: string;
  /** Empty when nothing can be learned. */
  readonly use: string;
}

function columnText(found: DescribedTable, training: DescribedTraining | undefined, terminal: Terminal): string {
  const { lineWidth } = terminal;
  const prepared = new Map(training?.table?.inputs.map((column) => [column.name, column]));
  const why = new Map(training?.table?.leftOut.map((column) => [column.name, column.why]));
  const isSpecial = ({ role }: DescribedColumn) => role !== undefined && role !== 'input' && role !== 'left out';
  const special = found.columns.filter(isSpecial).length;
  let room = MOST_COLUMNS - special;
  const shown = found.columns.filter((column) => isSpecial(column) || room-- > 0);
  const all = shown.map((column): ColumnCells => {
    const use = useOf(column, prepared.get(column.name), why.get(column.name), training);
    return {
      name: cut(visibleName(column.name), lineWidth < WIDE ? 24 : 40),
      type: column.type,
      missing: formatCount(column.missing),
      unique: formatCount(column.unique),
      values: valuesOf(column),
      use,
    };
  });
  const hasUse = all.some(({ use }) => use !== '');
  return [layout(all, hasUse, lineWidth), ...moreColumns(found.columns.filter((one) => !shown.includes(one)))].join(
    '\n',
  );
}

function layout(all: readonly ColumnCells[], hasUse: boolean, lineWidth: number): string {
  if (lineWidth < NARROW) return all.map((column) => block(column, lineWidth)).join('\n');
  const widest = (texts: readonly string[], least: number) =>
    texts.reduce((most, text) => Math.max(most, [...text].length), least);
  // The other columns are at most as wide as these headings and types, two spaces apart.
  const name = widest(
    all.map(({ name }) => name),
    'Column'.length,
  );
  const fixed = name + 'identifier'.length + 'Missing'.length + 'Unique'.length + 4 * 2;
  const isWide = lineWidth >= WIDE && hasUse;
  const use = widest(
    all.map(({ use }) => use),
    'In training'.length,
  );
  const room = Math.min(MOST_VALUES, lineWidth - fixed - (isWide ? Math.min(use, 60) + 2 : 0));
  const facts = all.map(({ name, type, missing, unique, values }) => [name, type, missing, unique, cut(values, room)]);
  const heading = ['Column', 'Type', 'Missing', 'Unique', 'Values'];
  if (isWide) {
    const rows = facts.map((cells, i) => [...cells, lineWidth === Infinity ? all[i]!.use : cut(all[i]!.use, 60)]);
    return table([...heading, 'In training'], rows, 'llrrll');
  }
  const uses = all.filter(({ use }) => use !== '').map(({ name: of, use }) => [of, cut(use, lineWidth - name - 2)]);
  const first = table(heading, facts, 'llrrl');
  return uses.length === 0 ? first : `${first}\n\n${table(['Column', 'In training'], uses, 'll')}`;
}

/** A column in a few lines, for a narrow window. */
function block({ name, type, missing, unique, values, use }: ColumnCells, width: number): string {
  const lines = [`${type}, ${unique} unique, ${missing} missing`, values, use].filter((line) => line !== '');
  return [name, ...lines.map((line) => wrapped(`  ${line}`, width, 4))].join('\n');
}

function moreColumns(others: readonly DescribedColumn[]): string[] {
  if (others.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { type } of others) counts.set(type, (counts.get(type) ?? 0) + 1);
  const kinds = [...counts].map(([type, count]) => (type === 'category' ? categoriesText(count) : plural(count, type)));
  return [`and ${formatCount(others.length)} more: ${kinds.join(', ')} (--json lists all)`];
}

/** Numbers as they are in the file, unless they have very many digits. */
const numberText = (value: number) =>
  String(value).length <= 12 ? String(value) : String(Number(value.toPrecision(6)));

function valuesOf(column: DescribedColumn): string {
  return [factsText(column), column.fault ?? ''].filter((text) => text !== '').join('; ');
}

function factsText({ numbers, dates, histogram, frequent = [], unique, type }: DescribedColumn): string {
  const bars = histogram ? `${histogramBars(histogram)} ` : '';
  if (numbers && unique === 1) return numberText(numbers.min);
  if (numbers) return `${bars}${numberText(numbers.min)} to ${numberText(numbers.max)}`;
  if (dates) return dates.min === dates.max ? dates.min : `${bars}${dates.min} to ${dates.max}`;
  const isEach = type === 'identifier' || unique === 1;
  const each = frequent.map(({ value, count }) => {
    const name = cut(visibleName(value), 24);
    return isEach ? name : `${name} ${formatCount(count)}`;
  });
  return each.join(', ') + (unique > frequent.length ? ', …' : '');
}

/** What a column becomes. */
function useOf(
  column: DescribedColumn,
  prepared: PreparedColumn | undefined,
  why: string | undefined,
  training: DescribedTraining | undefined,
): string {
  const { role } = column;
  if (role === 'label') return training?.task === 'regression' ? 'the label, standardized' : 'the label';
  if (role === 'weight') return 'weighs the samples';
  if (role === 'group') return 'its rows stay together in a split';
  if (role === 'time') return 'the latest rows are for testing';
  if (prepared && training?.config.imageShape !== undefined) return 'a pixel, divided by 255';
  if (prepared) return preparedText(column, prepared, training?.config.normalize === true);
  const reason = why ?? column.why;
  return reason === undefined ? '' : `left out: ${reason}`;
}

function preparedText({ missing }: DescribedColumn, prepared: PreparedColumn, normalize: boolean): string {
  if (prepared.type !== 'category') {
    const scaled = normalize ? 'standardized' : 'as it is';
    const what = prepared.type === 'date' ? `days since 1970, ${scaled}` : scaled;
    const filled = missing > 0 ? `; missing as ${medianText(prepared)}` : '';
    return `${what}${filled}${prepared.indicator ? ', and marked' : ''}`;
  }
  const { categories, rare } = prepared;
  const others = [...(rare ? ['1 for rare ones'] : []), ...(prepared.missing ? ['1 for missing'] : [])];
  return [`one-hot: ${categoriesText(categories.length)}`, ...others].join(', ');
}

const categoriesText = (count: number) => (count === 1 ? '1 category' : `${formatCount(count)} categories`);

/** The median that a missing cell counts as. */
function medianText({ type, median }: Extract<PreparedColumn, { median: number }>): string {
  const text = type === 'date' ? new Date(median * 86_400_000).toISOString().slice(0, 10) : numberText(median);
  return `the median ${text}`;
}

function imageText({ pixels, repeated }: DescribedImages, width: number): string {
  const { training, test } = repeated;
  const some = `${plural(training, 'training image')} ${training === 1 ? 'repeats' : 'repeat'}`;
  const first = training === 0 ? 'no training image repeats' : some;
  const among = test === 0 ? 'none of the test' : `${formatCount(test)} of the test`;
  return [
    `Pixels:  mean ${formatShare(pixels.mean)}, standard deviation ${formatShare(pixels.std)}, between 0 and 1`,
    `Repeats: ${first} an earlier one; ${among} images ${test === 1 ? 'is' : 'are'} among those for training`,
  ]
    .map((line) => wrapped(line, width))
    .join('\n');
}

function classText(classes: readonly ClassBalance[], { lineWidth }: Terminal): string {
  const totalOf = ({ training, validation = 0, test }: ClassBalance) => training + validation + test;
  const total = classes.reduce((sum, one) => sum + totalOf(one), 0);
  const many = classes.length > MOST_CLASSES;
  const sorted = many ? [...classes].sort((a, b) => totalOf(b) - totalOf(a)) : classes;
  const listed = sorted.slice(0, MOST_CLASSES);
  const most = listed.reduce((most, one) => Math.max(most, totalOf(one)), 1);
  const hasValidation = classes[0]?.validation !== undefined;
  const hasBars = lineWidth >= NARROW;
  const rows = listed.map((one) => [
    cut(visibleName(one.name), lineWidth < NARROW ? 14 : 30),
    `${((100 * totalOf(one)) / total).toFixed(1)}%`,
    formatCount(one.training),
    ...(hasValidation ? [formatCount(one.validation!)] : []),
    formatCount(one.test),
    ...(hasBars ? ['█'.repeat(Math.ceil((20 * totalOf(one)) / most))] : []),
  ]);
  const heading = ['Class', 'Share', 'Training', ...(hasValidation ? [hasBars ? 'Validation' : 'Val.'] : []), 'Test'];
  const others = sorted.slice(MOST_CLASSES).map(totalOf);
  const [fewest, largest] = [others.at(-1), others[0]].map((count) => formatCount(count ?? 0));
  const range = fewest === largest ? plural(others[0] ?? 0, 'row') : `${fewest} to ${largest} rows`;
  return [
    table([...heading, ...(hasBars ? [''] : [])], rows, `lrrr${hasValidation ? 'r' : ''}${hasBars ? 'l' : ''}`),
    ...(many ? [`and ${formatCount(others.length)} more, of ${range} each (--json lists all)`] : []),
  ].join('\n');
}

/** What is learned, and how the rows of a table are divided. */
function dataLines({ config, folds, task, classes }: DescribedTraining, found: DescribedTable | undefined): string[] {
  const what = `Task:    ${task}${classes ? `, ${formatCount(classes.length)} classes` : ''}`;
  if (!found) return [what];
  const { groupColumn, timeColumn, testFraction = 0 } = config;
  const named = (role: DescribedColumn['role']) => quoted(found.columns.find((one) => one.role === role)?.name);
  const how =
    timeColumn !== undefined
      ? `the latest rows by ${named('time')}`
      : groupColumn !== undefined
        ? `rows with the same ${named('group')} kept together`
        : task === 'classification'
          ? 'stratified by class'
          : 'at random';
  const percent = Number((100 * testFraction).toPrecision(3));
  const split = folds
    ? `${folds} folds, ${how}; the samples are those of the first`
    : `${percent}% for testing, ${how}`;
  return [what, `Split:   ${split}`];
}
