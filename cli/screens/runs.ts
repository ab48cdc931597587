import type { ListedRun, RunList } from '../../src/collection/listRuns';
import type { Comparison, ComparedRun } from '../../src/reports/compareReport';
import { formatFigure } from '../../src/runs/figures';
import { formatSeconds, visibleName } from '../../src/words';
import { library } from '../library';
import { plotCurves } from '../terminal/plot';
import { rangeOf, sparkline } from '../terminal/sparkline';
import { table } from '../terminal/table';
import { cut, widthOf } from '../terminal/text';
import type { Colors, Terminal } from '../terminal/terminal';

/** The longest text of a cell; the whole of it is in the JSON output. */
const MOST_LETTERS = 48;
/** Curves that a chart in the terminal can tell apart. */
const MOST_CURVES = 6;

/** Lists runs and sweeps. */
export function showList(
  { runs, leftOut, isFiltered }: RunList & { readonly isFiltered: boolean },
  terminal: Terminal,
  { json }: { json: boolean },
): void {
  if (json) for (const run of runs) terminal.json(run);
  else if (runs.length > 0) terminal.result(listTable(runs, terminal));
  else if (isFiltered) terminal.notice('No run matches the filter.');
  else terminal.notice('There is no run yet; start one with: handgrad train');
  for (const { folder, why } of leftOut) terminal.warning(`${visibleName(folder)} is left out: ${why}`);
}

function listTable(runs: readonly ListedRun[], { lineWidth, out }: Terminal): string {
  const settings = library.collection().settingsInShort(runs);
  const cells = runs.map((run, i) => [
    short(run.name === undefined ? run.folder : `${run.name} (${run.folder})`),
    localTime(run.started),
    short(run.dataset),
    short(settings[i]!),
    run.state,
    progressOf(run),
    run.best ? resultOf(run.best, lineWidth) : '–',
    short([...run.tags.map((tag) => `#${tag}`), ...(run.note === undefined ? [] : [run.note])].join(' ')),
  ]);
  const heading = ['Run', 'Started', 'Data', 'Settings', 'State', 'Epochs', 'Result', 'Tags'];
  // A narrow terminal gets the columns that matter most.
  // Tags, the last column, only where a run has some.
  const columns = cells.some((row) => row.at(-1) !== '') ? heading.length : heading.length - 1;
  const drawn = table(
    heading.slice(0, columns),
    cells.map((row) => row.slice(0, columns)),
    'lllllrrl'.slice(0, columns),
    { width: lineWidth, drop: [3, 1, 7, 2, 5, 4].filter((column) => column < columns) },
  );
  return drawn.replace(/^.*/, (first) => out.bold(first));
}

function progressOf({ kind, done, planned }: ListedRun): string {
  const of = planned === null || planned === done ? '' : `/${planned}`;
  return `${done}${of}${kind === 'sweep' ? ' trials' : ''}`;
}

/** Text for a cell: one line, of bounded length. */
function short(text: string): string {
  return cut(visibleName(text), MOST_LETTERS);
}

/** Below this width, a list says only which samples a result is of. */
const NARROW = 60;

function resultOf({ name, value }: NonNullable<ListedRun['best']>, lineWidth: number): string {
  const what = figureName(name);
  return `${formatFigure(name, value)} ${lineWidth < NARROW ? what.replace(/ .*/, '') : what}`;
}

/** `testAccuracy` → `test accuracy` */
function figureName(name: string): string {
  return name
    .replace(/^(test|val)(?=[A-Z])/, '$1 ')
    .replace(/ \w+$/, (word) => (/rmse|mae/i.test(word) ? word.toUpperCase() : word.toLowerCase()));
}

function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Shows runs side by side: what differs, figures, curves. */
export function showComparison(comparison: Comparison, terminal: Terminal, { json }: { json: boolean }): void {
  const { differingSettings } = library.collection();
  const keys = differingSettings(comparison.items);
  const { items, charts, resultName } = comparison;
  if (json) {
    const curves = charts.map(({ name, lines }) => ({
      name,
      runs: lines.map(({ name, values }) => ({ name, values })),
    }));
    return terminal.json({ result: resultName, differing: keys, runs: items, curves });
  }
  const { lineWidth, out, result } = terminal;
  const rows = [...settingRows(items, keys), ...figureRows(comparison)];
  result(comparisonTable(items, rows, lineWidth).replace(/^.*/, (first) => out.bold(first)));
  if (keys.length === 0) result('\nThe runs have the same settings.');
  for (const drawn of curveTexts(charts, terminal)) result(`\n${drawn}`);
}

/** With many runs, each has a line instead of a column; in a narrow terminal, a block of lines. */
function comparisonTable(items: readonly ComparedRun[], rows: readonly string[][], lineWidth: number): string {
  const names = items.map(({ name }) => short(name));
  const upright = table(['', ...names], rows, `l${'r'.repeat(items.length)}`);
  const lying = table(
    ['Run', ...rows.map(([name]) => name!)],
    names.map((name, i) => [name, ...rows.map((row) => row[i + 1]!)]),
    `l${'r'.repeat(rows.length)}`,
  );
  const fits = (text: string) => widthOf(text) <= lineWidth;
  const chosen = (items.length > 4 ? [lying, upright] : [upright, lying]).find(fits);
  if (chosen !== undefined) return chosen;
  const [keys, first] = [rows.map(([key]) => `  ${key}`), rows[0]!];
  const width = Math.max(...keys.map(({ length }) => length));
  const block = (i: number) => rows.map((row, at) => `${keys[at]!.padEnd(width)}  ${row[i]}`);
  return first
    .slice(1)
    .map((_, i) => [names[i]!, ...block(i + 1)].map((line) => cut(line, lineWidth)).join('\n'))
    .join('\n');
}

function settingRows(items: readonly ComparedRun[], keys: readonly string[]): string[][] {
  const { shortSetting } = library.collection();
  return keys.map((key) => [key, ...items.map(({ settings }) => short(shortSetting(settings[key])))]);
}

function figureRows({ items, resultName }: Comparison): string[][] {
  const { finalFigures, resultText } = library.collection();
  return [
    [resultName, ...items.map((item) => resultText(item, resultName))],
    ...finalFigures(items, resultName).map(([key, title]) => [
      title,
      ...items.map(({ figures }) => (figures?.[key] === undefined ? '–' : formatFigure(key, figures[key]))),
    ]),
    ['epochs done', ...items.map(({ epochs }) => String(epochs))],
    ['time', ...items.map(({ seconds }) => formatSeconds(seconds))],
    ['state', ...items.map(({ state }) => state)],
  ];
}

/** Charts where colors tell the curves apart, else a line of bars for each curve. */
function curveTexts(charts: Comparison['charts'], { columns, lineWidth, out }: Terminal): string[] {
  const drawn = charts.flatMap(({ name: title, lines }): Drawn[] => {
    const curves = lines
      .map(({ name, values }) => ({ name: short(name), values: values.map((value) => value ?? NaN) }))
      .filter(({ values }) => values.some(Number.isFinite));
    return curves.length === 0 ? [] : [{ title, curves }];
  });
  const longest = drawn.flatMap(({ curves }) => curves).reduce((most, { values }) => Math.max(most, values.length), 0);
  const most = drawn.reduce((count, { curves }) => Math.max(count, curves.length), 0);
  if (hasColors(out) && longest > 1 && most <= MOST_CURVES) {
    return drawn.map(({ title, curves }) => plotCurves(title, curves, columns, out));
  }
  return drawn.length === 0 ? [] : [barTable(drawn, longest, lineWidth)];
}

/** A chart of curves, each with a value for every epoch. */
interface Drawn {
  readonly title: string;
  readonly curves: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** The most bars of a curve. */
const MOST_BARS = 40;

/** The curves of each chart on one scale, and all charts in the same columns. */
function barTable(drawn: readonly Drawn[], longest: number, lineWidth: number): string {
  const names = drawn.flatMap(({ title, curves }) => [title, ...curves.map(({ name }) => name)]);
  const nameWidth = Math.min(Math.max(...names.map(({ length }) => length)), Math.floor(lineWidth / 3));
  // Two spaces twice, and the last value.
  const bars = Math.max(8, Math.min(MOST_BARS, lineWidth - nameWidth - 14));
  const every = Math.ceil(longest / bars);
  const rows = drawn.flatMap(({ title, curves }) => {
    const scale = rangeOf(curves.flatMap(({ values }) => values));
    return [
      ['', '', ''],
      [title, '', ''],
      ...curves.map(({ name, values }) => {
        const shown = values.filter((_, i) => (i + 1) % every === 0 || i === values.length - 1);
        const last = formatFigure(title, values.findLast(Number.isFinite)!);
        return [cut(name, nameWidth), sparkline(shown, bars, scale), last];
      }),
    ];
  });
  return table(['', longest === 1 ? 'epoch 1' : `epoch 1 to ${longest}`, 'last'], rows.slice(1), 'llr');
}

const hasColors = (out: Colors) => out.bold('x') !== 'x';
