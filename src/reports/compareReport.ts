import {
  type Curve,
  curves,
  PAGE_THEME,
  parallelCoordinates,
  resultAgainst,
  shortSetting,
  shownSetting,
  type Trial,
} from './charts';
import { figure, type Html, html, page, type Section, table } from './html';
import { toSvg } from './render';
import { keysWhere } from '../runs/config';
import { judgedAccuracy, type RunData } from '../runs/readRun';

/** Some runs side by side, or the trials of a sweep. */
export interface Comparison {
  readonly title: string;
  /** The name of the result: `testAccuracy`, or the metric of a sweep. */
  readonly resultName: string;
  /** Whether the best result is the largest. */
  readonly largerIsBetter: boolean;
  readonly items: readonly ComparedRun[];
  readonly charts: readonly { readonly name: string; readonly lines: readonly Curve[] }[];
}

/** One of them. */
export interface ComparedRun {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Undefined if there is none yet, or the run failed. */
  readonly result: number | undefined;
  readonly epochs: number;
  readonly seconds: number;
  /** Its state: `finished`, `not finished`, `failed`, … */
  readonly state: string;
}

/** Settings that do not affect the result of a run. */
const NOT_COMPARED: readonly string[] = keysWhere(({ compared }) => compared === false);
/** More axes than this are unreadable. */
const MOST_AXES = 8;

/** Runs as a comparison, each with its best accuracy. */
export function compareRuns(runs: readonly RunData[]): Comparison {
  const names = runs.map(({ name, dir }) => (runs.filter((other) => other.name === name).length > 1 ? dir : name));
  const validated = runs.every(({ epochs }) => epochs.some(({ valAccuracy }) => valAccuracy !== undefined));
  const curve = (of: (run: RunData) => Curve['values']) => runs.map((run, i) => ({ name: names[i]!, values: of(run) }));
  return {
    title: `${runs.length} runs`,
    resultName: validated ? 'best validation accuracy' : 'best accuracy',
    largerIsBetter: true,
    items: runs.map((run, i) => {
      const accuracies = run.epochs.map(judgedAccuracy).filter((value) => value !== undefined);
      return {
        name: names[i]!,
        settings: Object.fromEntries(Object.entries(run.config).filter(([key]) => !NOT_COMPARED.includes(key))),
        result: accuracies.length > 0 ? Math.max(...accuracies) : undefined,
        epochs: run.epochs.length,
        seconds: run.epochs.reduce((sum, { seconds }) => sum + seconds, 0),
        state: run.end ? 'finished' : 'not finished',
      };
    }),
    charts: [
      { name: 'Accuracy', lines: curve(({ epochs }) => epochs.map(judgedAccuracy)) },
      { name: 'Loss', lines: curve(({ epochs }) => epochs.map(({ valLoss, testLoss }) => valLoss ?? testLoss)) },
      { name: 'Training loss', lines: curve(({ epochs }) => epochs.map(({ loss }) => loss)) },
    ],
  };
}

/** The settings that differ between the runs, in order. */
export function differingSettings(items: readonly Pick<ComparedRun, 'settings'>[]): string[] {
  const keys = [...new Set(items.flatMap(({ settings }) => Object.keys(settings)))];
  const differs = (key: string) => new Set(items.map(({ settings }) => shownSetting(settings[key]))).size > 1;
  return keys.filter(differs);
}

/** The trials that have a result, for the charts of settings. */
export function trialsOf({ items }: Comparison): Trial[] {
  return items.flatMap(({ name, settings, result }) => (result === undefined ? [] : [{ name, settings, result }]));
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
      content: html`<div class="figures">
        ${await Promise.all(
          charts.map(async ({ name, lines }) =>
            figure(await toSvg(curves(PAGE_THEME, name, lines)), `${name} of each epoch.`, curveTable(name, lines)),
          ),
        )}
      </div>`,
    },
  ];
  if (trials.length > 1 && keys.length > 0) {
    sections.push({ id: 'settings', title: 'What the settings do', content: await settingCharts(comparison, keys) });
  }
  return page(title, summary(comparison), sections);
}

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
  return html`<div class="wide" tabindex="0" role="region" aria-label="Parallel coordinates">
      ${figure(lines, 'A line for each run, through its settings to its result; the lighter, the larger the result.')}
    </div>
    <div class="figures">${against}</div>`;
}

function ranked({ items, largerIsBetter }: Comparison): ComparedRun[] {
  const worth = ({ result }: ComparedRun) => (result === undefined ? -Infinity : largerIsBetter ? result : -result);
  return [...items].sort((a, b) => worth(b) - worth(a));
}

function summary(comparison: Comparison): Html {
  const [best] = ranked(comparison);
  const { items, resultName } = comparison;
  const tiles: [string, string][] = [
    [`Best: ${resultName}`, best?.result === undefined ? '–' : best.result.toFixed(4)],
    ['It was reached by', best?.result === undefined ? '–' : best.name],
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

function resultTable(comparison: Comparison, keys: readonly string[]): Html {
  const columns = [
    { name: 'Run' },
    { name: comparison.resultName, number: true },
    ...keys.map((name) => ({ name })),
    { name: 'Epochs', number: true },
    { name: 'Seconds', number: true },
    { name: 'State' },
  ];
  const rows = ranked(comparison).map(({ name, result, settings, epochs, seconds, state }) => [
    name,
    result === undefined ? '–' : result.toFixed(4),
    ...keys.map((key) => shortSetting(settings[key])),
    epochs,
    seconds.toFixed(1),
    state,
  ]);
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
