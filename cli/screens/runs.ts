import type { ListedRun, RunList } from '../../src/collection/listRuns';
import type { Comparison, ComparedRun } from '../../src/reports/compareReport';
import { formatFigure } from '../../src/runs/figures';
import { formatSeconds, plural, visibleName } from '../../src/words';
import { library } from '../library';
import { plotCurves } from '../terminal/plot';
import { sparkline } from '../terminal/sparkline';
import { table } from '../terminal/table';
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
  else if (isFiltered) terminal.notice('No run satisfies the filter.');
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
    run.best ? `${formatFigure(run.best.name, run.best.value)} ${figureName(run.best.name)}` : '–',
    short([...run.tags.map((tag) => `#${tag}`), ...(run.note === undefined ? [] : [run.note])].join(' ')),
  ]);
  const heading = ['Run', 'Started', 'Data', 'Settings', 'State', 'Epochs', 'Result', 'Tags'];
  // A narrow terminal gets the columns that matter most.
  const dropped = [3, 1, 7, 2];
  let columns = heading.map((_, i) => i);
  const draw = () =>
    table(
      columns.map((i) => heading[i]!),
      cells.map((row) => columns.map((i) => row[i]!)),
      columns.map((i) => 'lllllrrl'[i]!).join(''),
    );
  let drawn = draw();
  while (dropped.length > 0 && widthOf(drawn) > lineWidth) {
    const next = dropped.shift();
    columns = columns.filter((i) => i !== next);
    drawn = draw();
  }
  return drawn.replace(/^.*/, (first) => out.bold(first));
}

function progressOf({ kind, done, planned }: ListedRun): string {
  const of = planned === null || planned === done ? '' : `/${planned}`;
  return `${done}${of}${kind === 'sweep' ? ' trials' : ''}`;
}

const widthOf = (text: string) => Math.max(...text.split('\n').map(({ length }) => length));

/** Text for a cell: one line, of bounded length. */
function short(text: string): string {
  const shown = visibleName(text);
  const letters = [...shown];
  return letters.length > MOST_LETTERS ? `${letters.slice(0, MOST_LETTERS - 1).join('')}…` : shown;
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
  const heading = ['', ...items.map(({ name }) => short(name))];
  const upright = table(heading, rows, `l${'r'.repeat(items.length)}`);
  // With many runs, each has a line.
  const lying = table(
    ['Run', ...rows.map(([name]) => name!)],
    items.map(({ name }, i) => [short(name), ...rows.map((row) => row[i + 1]!)]),
    `l${'r'.repeat(rows.length)}`,
  );
  const isWide = items.length > 4 || widthOf(upright) > lineWidth;
  result((isWide ? lying : upright).replace(/^.*/, (first) => out.bold(first)));
  if (keys.length === 0) result('\nThe runs have the same settings.');
  for (const { name, lines } of charts) {
    const drawn = curvesText(name, lines, terminal);
    if (drawn !== undefined) result(`\n${drawn}`);
  }
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
    ['epochs', ...items.map(({ epochs }) => String(epochs))],
    ['time', ...items.map(({ seconds }) => formatSeconds(seconds))],
    ['state', ...items.map(({ state }) => state)],
  ];
}

/** A chart where colors tell its curves apart, else a line for each curve. */
function curvesText(
  title: string,
  lines: Comparison['charts'][number]['lines'],
  { columns, out }: Terminal,
): string | undefined {
  const drawn = lines
    .map(({ name, values }) => ({ name: short(name), values: values.map((value) => value ?? NaN) }))
    .filter(({ values }) => values.some(Number.isFinite));
  if (drawn.length === 0) return undefined;
  const longest = Math.max(...drawn.map(({ values }) => values.length));
  if (hasColors(out) && longest > 1 && drawn.length <= MOST_CURVES) return plotCurves(title, drawn, columns, out);
  const rows = drawn.map(({ name, values }) => [
    name,
    sparkline(values, 40),
    formatFigure(title, values.findLast(Number.isFinite)!),
  ]);
  return table([title, '', `after ${plural(longest, 'epoch')} at most`], rows, 'llr');
}

const hasColors = (out: Colors) => out.bold('x') !== 'x';
