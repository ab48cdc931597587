import { curves, PAGE_THEME, parallelCoordinates, resultAgainst } from './charts';
import type { Curve, Trial } from './chartData';
import { bar, figure, type Html, html, page, type Section, table } from './html';
import { toSvg } from './render';
import { shortSetting, shownSetting } from './shortSetting';
import { keysWhere } from '../runs/config';
import { formatFigure, type JudgedFigure, judgedFigure } from '../runs/figures';
import { withoutFolders } from '../runs/modelConfig';
import { titleOf } from '../runs/labels';
import type { RunData } from '../runs/readRun';
import { resultFigure } from '../runs/resultFigure';
import type { EpochEvent } from '../training/train';
import type { Importance } from '../sweeps/state/importance';

/** Some runs side by side, or the trials of a sweep. */
export interface Comparison {
  readonly title: string;
  /** The name of the result: `test accuracy`, or the metric of a sweep. */
  readonly resultName: string;
  /** The best first. */
  readonly items: readonly ComparedRun[];
  readonly charts: readonly { readonly name: string; readonly lines: readonly Curve[] }[];
  /** Of a sweep: how much each parameter matters, largest first. */
  readonly importance?: readonly Importance[];
}

/** One of them. */
export interface ComparedRun {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Undefined if there is none yet, or the run failed. */
  readonly result: number | undefined;
  /** Of a run: what `result` is. Runs with another measure cannot be compared by it. */
  readonly measure?: Measure;
  /** Of a run: the samples that `result` is of. */
  readonly samples?: 'validation' | 'test';
  /** Of a run: its folder, and the figures of its end, such as `testR2`. */
  readonly dir?: string;
  readonly figures?: Readonly<Record<string, number>>;
  readonly epochs: number;
  readonly seconds: number;
  /** Its state: `finished`, `not finished`, `stopped`, `failed`, … */
  readonly state: string;
}

type Measure = JudgedFigure['name'];

/** Settings that do not affect the result of a run. */
const NOT_COMPARED: readonly string[] = keysWhere(({ compared }) => compared === false);
/** More axes than this are unreadable. */
const MOST_AXES = 8;

/** The figures of the end, in the order of tables. */
const FINAL: readonly (readonly [name: string, title: string])[] = [
  ['testAccuracy', 'test accuracy'],
  ['testRmse', 'test RMSE'],
  ['testMae', 'test MAE'],
  ['testR2', 'test R²'],
];

/**
 * Runs as a comparison, each with its accuracy, or for regression its RMSE (see `resultFigure`); the latter come last.
 */
export function compareRuns(runs: readonly RunData[]): Comparison {
  const titles = runs.map(titleOf);
  // Of several with one name, the folders tell.
  const names = titles.map((title, i) => (titles.indexOf(title) === titles.lastIndexOf(title) ? title : runs[i]!.dir));
  const items = runs.map((run, i) => comparedRun(run, names[i]!));
  const sets = [...new Set(items.flatMap(({ samples }) => samples ?? []))];
  const measures = [...new Set(items.flatMap(({ measure }) => measure ?? []))];
  const curve = (of: (epoch: EpochEvent) => number | undefined) =>
    runs
      .map((run, i) => ({ name: names[i]!, values: run.epochs.map(of) }))
      .filter(({ values }) => values.length === 0 || values.some((value) => value !== undefined));
  const judged = (measure: Measure) => ({
    name: measure,
    lines: curve((epoch) => {
      const figure = judgedFigure(epoch);
      return figure?.name === measure ? figure.value : undefined;
    }),
  });
  const what = measures.length > 1 ? 'accuracy or RMSE' : measures[0] === 'RMSE' ? 'RMSE' : 'accuracy';
  return {
    title: `${runs.length} runs`,
    resultName: sets.length > 1 ? what : `${sets[0] ?? 'test'} ${what}`,
    items: bestFirst(items),
    charts: [
      ...(measures.includes('RMSE') && measures.length === 1 ? [] : [judged('Accuracy')]),
      ...(measures.includes('RMSE')
        ? [judged('RMSE'), { name: 'R²', lines: curve(({ valR2, testR2 }) => valR2 ?? testR2) }]
        : []),
      { name: 'Loss', lines: curve(({ valLoss, testLoss }) => valLoss ?? testLoss) },
      { name: 'Training loss', lines: curve(({ loss }) => loss) },
    ],
  };
}

function comparedRun(run: RunData, name: string): ComparedRun {
  const { epochs, end } = run;
  const best = resultFigure(run);
  const final = FINAL.map(([key]) => [key, (end as Readonly<Record<string, unknown>> | undefined)?.[key]] as const);
  return {
    name,
    dir: run.dir,
    settings: Object.fromEntries(
      Object.entries(withoutFolders(run.config)).filter(([key]) => !NOT_COMPARED.includes(key)),
    ),
    result: best?.value,
    measure: best?.name,
    samples: best && (best.validated ? 'validation' : 'test'),
    figures: Object.fromEntries(final.filter(([, value]) => Number.isFinite(value))) as Record<string, number>,
    epochs: epochs.length,
    seconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
    state: end ? 'finished' : run.diverged !== undefined ? 'diverged' : 'not finished',
  };
}

function bestFirst(items: readonly ComparedRun[]): ComparedRun[] {
  const rank = ({ result, measure }: ComparedRun) => (result === undefined ? 2 : measure === 'RMSE' ? 1 : 0);
  return [...items].sort((a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    const difference = (b.result ?? 0) - (a.result ?? 0);
    return a.measure === 'RMSE' ? -difference : difference;
  });
}

/** The settings that differ between the runs, in order. */
export function differingSettings(items: readonly Pick<ComparedRun, 'settings'>[]): string[] {
  const keys = [...new Set(items.flatMap(({ settings }) => Object.keys(settings)))];
  const differs = (key: string) => new Set(items.map(({ settings }) => shownSetting(settings[key]))).size > 1;
  return keys.filter(differs);
}

/** The trials that have a result, all of one measure, for the charts of settings. */
export function trialsOf({ items }: Comparison): Trial[] {
  return items.flatMap(({ name, settings, result, measure }) =>
    result === undefined || measure !== items[0]!.measure ? [] : [{ name, settings, result }],
  );
}

/**
 * The figures of the end that some of the runs have.
 * @param resultName the name of the result, which is not among them again
 */
export function finalFigures(
  items: readonly Pick<ComparedRun, 'figures'>[],
  resultName?: string,
): (readonly [name: string, title: string])[] {
  return FINAL.filter(
    ([key, title]) => title !== resultName && items.some(({ figures }) => figures?.[key] !== undefined),
  );
}

/** Several runs or a sweep on one page. */
export async function compareReport(comparison: Comparison): Promise<string> {
  const { title, items, charts } = comparison;
  const keys = differingSettings(items);
  const trials = trialsOf(comparison);
  const sections: Section[] = [
    { id: 'runs', title: 'Results', content: resultTable(comparison, keys) },
    {
      id: 'curves',
      title: 'Curves',
      content: html`<div class="${charts.length === 1 ? 'wide' : 'figures'}">
        ${await Promise.all(
          charts.map(async ({ name, lines }) =>
            figure(
              await toSvg(curves(PAGE_THEME, name, lines, { wide: charts.length === 1 })),
              `${name} of each epoch.`,
              curveTable(name, lines),
            ),
          ),
        )}
      </div>`,
    },
  ];
  if (trials.length > 1 && keys.length > 0) {
    sections.push({ id: 'settings', title: 'Effect of the settings', content: await settingCharts(comparison, keys) });
  }
  return page(title, summary(comparison), sections);
}

const LINES_SAY =
  'A line for each run, through its settings to its result: from orange, the smallest, to blue, the largest.';

async function settingCharts(comparison: Comparison, keys: readonly string[]): Promise<Html> {
  const trials = trialsOf(comparison);
  const { resultName } = comparison;
  const axes = keys.slice(0, MOST_AXES);
  const lines = await toSvg(parallelCoordinates(PAGE_THEME, trials, axes, resultName));
  const against = await Promise.all(
    axes.map(async (key) =>
      figure(await toSvg(resultAgainst(PAGE_THEME, trials, key, resultName)), `${resultName} against ${key}.`),
    ),
  );
  return html`${importanceTable(comparison)}
    <div class="wide" tabindex="0" role="region" aria-label="Parallel coordinates">${figure(lines, LINES_SAY)}</div>
    <div class="figures">${against}</div>`;
}

const IMPORTANCE_SAYS =
  'How much of the variance of the results each parameter explains alone; the rest is due to combinations. ' +
  'The sign of the correlation is the direction in which a number matters.';

function importanceTable({ importance = [], resultName }: Comparison): Html {
  if (importance.length === 0) return html``;
  const columns = [
    { name: 'Parameter' },
    { name: 'Share of the variance', number: true },
    { name: `Correlation with ${resultName}`, number: true },
  ];
  const rows = importance.map(({ parameter, share, correlation }) => [
    parameter,
    bar(`${(100 * share).toFixed(0)}%`, share),
    correlation === null ? '' : `${correlation < 0 ? '−' : '+'}${Math.abs(correlation).toFixed(2)}`,
  ]);
  return html`<h3>Parameter importance</h3>
    ${table('Parameter importance', columns, rows)}
    <p class="note">${IMPORTANCE_SAYS}</p>`;
}

function summary(comparison: Comparison): Html {
  const { items, resultName } = comparison;
  const best = items.find(({ result, state }) => result !== undefined && state !== 'failed');
  const tiles: [string, string][] = [
    [`Best ${resultName}`, best ? resultText(best, resultName) : '–'],
    ['Best run', best?.name ?? '–'],
    ['Runs', `${items.length}`],
    ['Training time', `${items.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(1)} s`],
  ];
  return html`<dl class="tiles">
    ${tiles.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** The result of a run for people, with its samples unless `resultName` names them; a dash if there is none. */
export function resultText({ result, measure, samples }: ComparedRun, resultName: string): string {
  if (result === undefined) return '–';
  const of = samples === undefined || resultName.includes(samples) ? '' : samples === 'validation' ? ' val' : ' test';
  return `${formatFigure(measure ?? resultName, result)}${of}`;
}

function resultTable(comparison: Comparison, keys: readonly string[]): Html {
  const figures = finalFigures(comparison.items, comparison.resultName);
  const columns = [
    { name: 'Run' },
    { name: comparison.resultName, number: true },
    ...figures.map(([, name]) => ({ name, number: true })),
    ...keys.map((name) => ({ name })),
    { name: 'Epochs done', number: true },
    { name: 'Seconds', number: true },
    { name: 'State' },
  ];
  const rows = comparison.items.map((item) => {
    const { name, settings, epochs, seconds, state } = item;
    const shown = figures.map(([key]) =>
      item.figures?.[key] === undefined ? '–' : formatFigure(key, item.figures[key]),
    );
    return [
      name,
      resultText(item, comparison.resultName),
      ...shown,
      ...keys.map((key) => shortSetting(settings[key])),
      epochs,
      seconds.toFixed(1),
      state,
    ];
  });
  const same = keys.length === 0 ? html`<p class="note">The runs have the same settings.</p>` : html``;
  return html`${same}${table('Results', columns, rows, true)}`;
}

function curveTable(name: string, lines: readonly Curve[]): Html {
  const epochs = Math.max(0, ...lines.map(({ values }) => values.length));
  const shown = (value: number | null | undefined) => (Number.isFinite(value) ? value!.toFixed(4) : '–');
  return table(
    `${name} by epoch`,
    [{ name: 'Run' }, ...Array.from({ length: epochs }, (_, i) => ({ name: `${i + 1}`, number: true }))],
    lines.map((line) => [line.name, ...Array.from({ length: epochs }, (_, i) => shown(line.values[i]))]),
  );
}
