import { judgedFigure } from '../../src/runs/figures';
import { library } from '../library';
import { type PlottedCurve, plotCurves } from '../terminal/plot';
import type { Terminal } from '../terminal/terminal';
import type { Run } from '../../src/runs/run';

/** Shows the results for `--plot` and `--report`. */
export async function showResults(
  { dir, dataset: data, backend }: Run,
  { plot, report, json }: { readonly plot: boolean; readonly report: boolean; readonly json: boolean },
  terminal: Terminal,
): Promise<void> {
  if (plot) await plotRun(dir, json, terminal);
  // The library's reports are loaded only if needed.
  if (report) terminal.notice(`The report is ${await library.reports().writeReport(dir, {}, { data, backend })}`);
}

async function plotRun(dir: string, json: boolean, terminal: Terminal): Promise<void> {
  const { readRun } = library.readRun();
  const { epochs } = await readRun(dir);
  // With --json, stdout is for JSON only.
  const [say, colors] = json ? [terminal.notice, terminal.err] : [terminal.result, terminal.out];
  const judged = epochs.some(({ valLoss }) => valLoss !== undefined) ? 'validation' : 'test';
  const curve = (name: string, values: readonly (number | undefined)[]): PlottedCurve => ({
    name,
    values: values.filter((value) => value !== undefined),
  });
  const loss = [
    curve(
      'training',
      epochs.map(({ loss }) => loss),
    ),
    curve(
      judged,
      epochs.map(({ valLoss, testLoss }) => valLoss ?? testLoss),
    ),
  ];
  say(`\n${plotCurves('Loss', loss, terminal.columns, colors)}`);
  const figures = epochs.map(judgedFigure);
  const trained = epochs.map(({ trainAccuracy }) => trainAccuracy);
  const figure = [
    ...(trained.some((value) => value !== undefined) ? [curve('training', trained)] : []),
    curve(
      judged,
      figures.map((one) => one?.value),
    ),
  ];
  say(`\n${plotCurves(figures[0]?.name ?? 'Accuracy', figure, terminal.columns, colors)}`);
}
