import { networkSummary } from '../model/networkSummary';
import type { ActivationName } from '../nn/activations';
import type { Parameter } from '../model/architecture';
import type { Samples } from '../data/samples';
import { calibration, confidences, curves, PAGE_THEME, predictedAgainstTrue, residuals, stepCurve } from './charts';
import type { Curve, MarkedEpoch, StepValue } from './chartData';
import type { Examination, ExaminedOutput } from './examination';
import type { InputColumn } from '../inference/inputColumns';
import type { OutputFigures, RegressionFigures } from '../training/evaluate';
import type { ColumnImportance } from '../training/permutationImportance';
import { formatBytes, formatUnits } from '../words';
import { bar, figure, type Html, html, page, type Section, table } from './html';
import { dataUri, encodePng, type Picture } from '../pictures/png';
import { toSvg } from './render';
import { shownSetting } from './shortSetting';
import { type ConfigKey, keysWhere, settings } from '../runs/config';
import { type JudgedFigure, judgedFigure } from '../runs/figures';
import { labelsOf, titleOf } from '../runs/labels';
import { withoutFolders } from '../runs/modelConfig';
import type { RunData } from '../runs/readRun';
import { resultFigure } from '../runs/resultFigure';
import type { LogEvent } from '../training/train';
import { frequentConfusions } from '../training/classReport';
import { confusionGrid } from '../pictures/confusionGrid';
import { sampleImage } from '../pictures/sampleImage';
import { BLUE_ORANGE, weightGrid } from '../pictures/weightGrid';

/** The network of a run, and what a report shows of it beyond the run's records. */
interface Evaluated {
  readonly test: Samples;
  readonly imageShape?: readonly [number, number];
  readonly parameters: readonly Parameter[];
  /** The backend that evaluated it. */
  readonly backend: string;
  /** How much it relies on each column of its data, most first; empty for images. */
  readonly columns: readonly ColumnImportance<InputColumn>[];
}

/** A classifier with its figures on the test set. */
export interface TrainedClassifier extends Evaluated {
  readonly task: 'classification';
  readonly examination: Examination;
  readonly classNames: readonly string[];
}

/** A network that predicts numbers, with its figures on the test set. */
export interface TrainedRegressor extends Evaluated {
  readonly task: 'regression';
  readonly figures: RegressionFigures & { readonly perOutput: readonly OutputFigures[] };
  readonly outputs: readonly ExaminedOutput[];
}

export type Trained = TrainedClassifier | TrainedRegressor;

/** Mistakes that are shown. */
export const MOST_MISTAKES = 64;
/** With more classes, the confusion matrix is a picture beside a list of its largest entries. */
export const MOST_CLASSES = 30;
/** Entries of that list. */
const MOST_CONFUSIONS = 50;
/** Units of the first layer that are shown. */
export const MOST_UNITS = 256;

/**
 * The report of one run: one page with everything in it.
 * @param trained undefined while the run has no model yet
 */
export async function runReport(run: RunData, trained: Trained | undefined): Promise<string> {
  const sections: Section[] = [
    {
      id: 'curves',
      title: judgedName(run) === 'RMSE' ? 'Loss and error' : 'Loss and accuracy',
      content: await curvesOf(run),
    },
  ];
  if (trained?.task === 'classification') {
    sections.push(
      { id: 'confusion', title: 'Confusion matrix', content: await confusionSection(trained) },
      { id: 'classes', title: 'Classes', content: classTable(trained) },
    );
  }
  if (trained?.task === 'regression') {
    sections.push(
      { id: 'values', title: 'Predicted and true values', content: await valueFigures(trained) },
      { id: 'outputs', title: 'Metrics', content: outputTable(trained) },
    );
  }
  if (trained && trained.columns.length > 0) {
    sections.push({ id: 'columns', title: 'Column importance', content: columnTable(trained) });
  }
  if (trained) sections.push({ id: 'mistakes', title: 'Worst mistakes', content: await mistakesOf(trained) });
  if (trained?.task === 'classification') {
    sections.push({ id: 'calibration', title: 'Calibration', content: await calibrationFigure(trained) });
  }
  const weights = trained && (await firstLayer(trained));
  if (weights) sections.push({ id: 'weights', title: 'First layer', content: weights });
  if (trained) sections.push({ id: 'network', title: 'Network', content: layerTable(run, trained) });
  sections.push({ id: 'what', title: 'Configuration and environment', content: whatAndWhere(run, trained) });
  return page(titleOf(run), html`${labels(run)}${summary(run, trained)}`, sections);
}

function labels({ name, config }: RunData): Html {
  const { name: given, tags, note } = labelsOf(config);
  const said = [...(given === undefined ? [] : [name]), ...tags.map((tag) => `#${tag}`)];
  return html`${said.length > 0 ? html`<p class="note">${said.join(' · ')}</p>` : html``}
  ${note === undefined ? html`` : html`<p class="said">${note}</p>`}`;
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
const count = (number: number) => number.toLocaleString('en-US');

function summary(run: RunData, trained: Trained | undefined): Html {
  const last = run.epochs.at(-1);
  const best = bestEpoch(run);
  const result = resultFigure(run);
  const reached = trained || run.end || judgedBy(run) === 'validation' ? undefined : lastFigure(run);
  const seconds = run.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const examination = trained?.task === 'classification' ? trained.examination : undefined;
  const figures = trained?.task === 'regression' ? trained.figures : undefined;
  const accuracy = examination?.accuracy ?? run.end?.testAccuracy;
  const tiles: (readonly [name: string, value: string | undefined])[] = [
    ['Test accuracy', accuracy === undefined ? undefined : percent(accuracy)],
    ['Balanced accuracy', examination && percent(examination.balancedAccuracy)],
    ['ROC AUC', examination?.rocAuc?.toFixed(4)],
    ['RMSE', figures && formatUnits(figures.rmse)],
    ['MAE', figures && formatUnits(figures.mae)],
    ['R²', figures?.r2.toFixed(4)],
    ['Test loss', ((examination ?? figures)?.loss ?? run.end?.testLoss)?.toFixed(4)],
    [`Validation ${MEASURE[judgedName(run)]}`, result?.validated ? figureText(result) : undefined],
    // Of an epoch whose network is not kept.
    [bestName(run), best && result?.validated && best.epoch !== result.epoch ? figureText(best) : undefined],
    // A run that goes on has no other figure yet.
    [`Test ${MEASURE[judgedName(run)]}, last epoch`, reached && figureText(reached)],
    ['Network kept', keptText(run)],
    ['Epochs', `${run.epochs.length} of ${shownSetting(run.config['epochs'])}${run.end ? '' : ', not finished'}`],
    ['Network', trained ? widthsOf(trained.parameters).join('-') : shownSetting(run.config['hidden'])],
    ['Parameters', trained && count(trained.parameters.reduce((sum, { data }) => sum + data.length, 0))],
    ['Training time', run.epochs.length > 0 ? `${seconds.toFixed(1)} s` : undefined],
    ['Samples per second', last && count(last.samplesPerSecond)],
    ['Data', shownSetting(withoutFolders(run.config)['dataset'])],
    // Run folders of version 0.1 call it `engine`.
    ['Backend', shownSetting(run.environment?.['backend'] ?? run.environment?.['engine'])],
  ];
  return html`<dl class="tiles">
    ${tiles.flatMap(([name, value]) =>
      value === undefined
        ? []
        : [
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
          ],
    )}
  </dl>`;
}

/** Which network a run with validation samples has kept. */
function keptText(run: RunData): string | undefined {
  const { end } = run;
  if (!end || end.folds !== undefined || judgedBy(run) === 'test') return undefined;
  if (end.bestEpoch === undefined) return `epoch ${end.epochs}, the last`;
  return `epoch ${end.bestEpoch}, the ${judgedName(run) === 'RMSE' ? 'lowest loss' : 'best'}`;
}

function widthsOf(parameters: readonly Parameter[]): number[] {
  const weights = parameters.filter(({ name }) => name.startsWith('W'));
  return [weights[0]!.shape[0]!, ...weights.map(({ shape }) => shape[1]!)];
}

async function curvesOf(run: RunData): Promise<Html> {
  if (run.epochs.length === 0) return html`<p>No epoch has ended yet.</p>`;
  const numbers = table(
    'Metrics by epoch',
    ['Epoch', 'Training loss', 'Loss', judgedName(run), 'Seconds', 'Samples/s'].map((name) => ({ name, number: true })),
    run.epochs.map((epoch) => [
      epoch.epoch,
      epoch.loss.toFixed(4),
      (epoch.valLoss ?? epoch.testLoss)?.toFixed(4) ?? '–',
      judgedFigure(epoch)?.value.toFixed(4) ?? '–',
      epoch.seconds.toFixed(2),
      count(epoch.samplesPerSecond),
    ]),
  );
  const charts = runCurves(run);
  const figures = await Promise.all(
    charts.map(async ({ name, lines, marked, says }, i) =>
      figure(await toSvg(curves(PAGE_THEME, name, lines, { marked })), says, i === 0 ? numbers : undefined),
    ),
  );
  const steps = await Promise.all(
    runSteps(run).map(async ({ name, points, says }) => figure(await toSvg(stepCurve(PAGE_THEME, name, points)), says)),
  );
  return html`<div class="figures">${figures}${steps}</div>`;
}

/** The charts of a run's recorded steps; none without `logEvery`. */
export function runSteps({ logs }: RunData): { name: string; points: readonly StepValue[]; says: string }[] {
  if (logs.length === 0) return [];
  const over = (of: (log: LogEvent) => number) => logs.map((log) => ({ step: log.step, value: of(log) }));
  return [
    { name: 'Batch loss', points: over(({ loss }) => loss), says: 'The loss of the batch of each recorded step.' },
    { name: 'Step learning rate', points: over(({ lr }) => lr), says: 'The learning rate of each recorded step.' },
    {
      name: 'Gradient norm',
      points: over(({ gradientNorm }) => gradientNorm),
      says: 'The L2 norm of all gradients of each recorded step, before they are clipped.',
    },
  ];
}

/** A chart of a run's epochs. */
export interface RunCurves {
  /** The name of its axis. */
  readonly name: string;
  readonly lines: readonly Curve[];
  readonly marked?: MarkedEpoch;
  readonly says: string;
}

/** The curves of one run: loss, accuracy or RMSE, and the learning rate where a schedule changes it. */
export function runCurves(run: RunData): RunCurves[] {
  const { epochs } = run;
  const judged = judgedBy(run);
  const best = bestEpoch(run);
  const marked = best && {
    epoch: best.epoch,
    says: `${bestName(run)}: ${figureText(best)}`,
  };
  const rates = epochs.map(({ lr }) => lr);
  return [
    {
      name: 'Loss',
      lines: [
        { name: 'training', values: epochs.map(({ loss }) => loss) },
        { name: judged, values: epochs.map(({ valLoss, testLoss }) => valLoss ?? testLoss) },
      ],
      ...(marked && { marked }),
      says: 'Mean loss of each epoch. The training loss is measured while the weights still change.',
    },
    {
      name: judgedName(run),
      lines: [
        ...(epochs.some(({ trainAccuracy }) => trainAccuracy !== undefined)
          ? [{ name: 'training', values: epochs.map(({ trainAccuracy }) => trainAccuracy) }]
          : []),
        { name: judged, values: epochs.map((epoch) => judgedFigure(epoch)?.value) },
      ],
      ...(marked && { marked }),
      says: `${JUDGED_SAYS[judgedName(run)]} after each epoch. Dashed: ${bestName(run).replace('Best', 'the best')}.`,
    },
    ...(rates.some((rate) => rate !== undefined)
      ? [
          {
            name: 'Learning rate',
            lines: [{ name: 'learning rate', values: rates }],
            says: 'The learning rate of the last step of each epoch.',
          },
        ]
      : []),
  ];
}

/** What the epochs of a run are judged by. */
function judgedBy({ epochs }: RunData): 'validation' | 'test' {
  return epochs.some(({ valLoss }) => valLoss !== undefined) ? 'validation' : 'test';
}

const JUDGED_SAYS = {
  Accuracy: 'Share of the samples classified correctly',
  RMSE: 'Root of the mean squared error, in the units of the label,',
} satisfies Record<JudgedFigure['name'], string>;

function judgedName({ epochs }: RunData): JudgedFigure['name'] {
  return epochs.map(judgedFigure).find((figure) => figure !== undefined)?.name ?? 'Accuracy';
}

const MEASURE = { Accuracy: 'accuracy', RMSE: 'RMSE' } satisfies Record<JudgedFigure['name'], string>;

function bestName(run: RunData): string {
  return `Best ${judgedBy(run)} ${MEASURE[judgedName(run)]}`;
}

const figureText = ({ epoch, name, value }: JudgedFigure & { readonly epoch: number | undefined }) =>
  `${name === 'Accuracy' ? percent(value) : formatUnits(value)}, epoch ${epoch}`;

/** The figure of the last epoch that has one. */
function lastFigure({ epochs }: RunData): (JudgedFigure & { readonly epoch: number }) | undefined {
  const last = epochs.findLast((epoch) => judgedFigure(epoch));
  const figure = last && judgedFigure(last);
  return figure && { ...figure, epoch: last.epoch };
}

/**
 * The epoch with the best figure, on the validation samples if there are any, else on the test set; of equals, the one
 * with the smaller loss.
 */
function bestEpoch({ epochs }: RunData): (JudgedFigure & { readonly epoch: number }) | undefined {
  let best: (JudgedFigure & { readonly epoch: number; readonly loss: number }) | undefined;
  for (const { epoch, valLoss, testLoss, ...others } of epochs) {
    const figure = judgedFigure(others);
    if (!figure || Number.isNaN(figure.value)) continue;
    const loss = valLoss ?? testLoss ?? Infinity;
    const better =
      !best ||
      (figure.value === best.value ? loss < best.loss : figure.value > best.value === (figure.name === 'Accuracy'));
    if (better) best = { ...figure, epoch, loss };
  }
  return best;
}

async function confusionSection(trained: TrainedClassifier): Promise<Html> {
  const { examination, classNames } = trained;
  const { confusion, perClass } = examination;
  if (classNames.length <= MOST_CLASSES) return confusionTable(trained);
  const says =
    'Rows are true classes, columns predicted classes, in the same order: blue on the diagonal for correct ' +
    'predictions, orange for mistakes, the darker the larger their share of the row.';
  const list = frequentConfusions(confusion, MOST_CONFUSIONS).map(({ truth, predicted, count: found }) => [
    classNames[truth]!,
    classNames[predicted]!,
    count(found),
    percent(found / perClass[truth]!.support),
  ]);
  const columns = [
    { name: 'True class' },
    { name: 'Predicted class' },
    { name: 'Samples', number: true },
    { name: 'Share of the class', number: true },
  ];
  return html`<div class="figures">
    <div>
      <h3>Most frequent confusions</h3>
      ${table('Most frequent confusions', columns, list, true)}
    </div>
    ${await pictureFigure(confusionGrid(confusion), says)}
  </div>`;
}

function confusionTable({ examination: { confusion }, classNames }: TrainedClassifier): Html {
  const rows = confusion.map((row, truth) => {
    const support = row.reduce((sum, cell) => sum + cell, 0) || 1;
    const cells = row.map((cell, predicted) => {
      const share = cell / support;
      // A square root, because small shares matter in a confusion matrix and differ little in color.
      const shade = cell === 0 ? 0 : 0.05 + 0.5 * Math.sqrt(share);
      const name = `true ${classNames[truth]}, predicted ${classNames[predicted]}`;
      return html`<td
        class="${predicted === truth ? 'right' : ''}"
        style="--share: ${shade.toFixed(3)}"
        title="${name}"
      >
        ${cell}<small>${(100 * share).toFixed(1)}%</small>
      </td>`;
    });
    return html`<tr>
      <th scope="row">${classNames[truth]!}</th>
      ${cells}
    </tr>`;
  });
  return html`<p class="note">
      Rows are true classes, columns predicted classes: the number of samples, and its share of the row. Correct
      predictions are blue and on the diagonal, mistakes orange.
    </p>
    <div class="scroll confusion" tabindex="0" role="region" aria-label="Confusion matrix">
      <table>
        <caption class="hidden">
          Confusion matrix
        </caption>
        <thead>
          <tr>
            <th scope="col">True \\ predicted</th>
            ${classNames.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`;
}

function classTable({ examination, classNames }: TrainedClassifier): Html {
  const { perClass, macro, weighted, rocAuc, averagePrecision, samples } = examination;
  const share = (value: number | null) => (value === null ? '—' : bar(value.toFixed(4), value));
  const averages = ({ precision, recall, f1 }: Examination['macro']) => [share(precision), share(recall), share(f1)];
  const names = ['Precision', 'Recall', 'F1', 'ROC AUC', 'Average precision', 'Samples'];
  const columns = [{ name: 'Class' }, ...names.map((name) => ({ name, number: true }))];
  return html`${table(
    'Metrics by class',
    columns,
    perClass.map((one, label) => [
      classNames[label]!,
      ...averages(one),
      share(one.rocAuc),
      share(one.averagePrecision),
      count(one.support),
    ]),
    true,
  )}
  ${table(
    'Averages',
    [{ name: 'Average' }, ...columns.slice(1)],
    [
      ['macro', ...averages(macro), share(rocAuc), share(averagePrecision), count(samples)],
      ['weighted', ...averages(weighted), '', '', count(samples)],
    ],
  )}`;
}

/** Label columns whose predictions are drawn. */
const MOST_OUTPUTS = 6;

async function valueFigures({ outputs }: TrainedRegressor): Promise<Html> {
  const figures = await Promise.all(
    outputs.slice(0, MOST_OUTPUTS).map(async (output) => {
      const against = `Predicted against true ${output.name}. On the dashed line both are equal.`;
      const errors = `Residuals of ${output.name}, predicted minus true: too low on the left, too high on the right.`;
      return html`${figure(await toSvg(predictedAgainstTrue(PAGE_THEME, output)), against)}
      ${figure(await toSvg(residuals(PAGE_THEME, output)), errors)}`;
    }),
  );
  return html`<div class="figures">${figures}</div>`;
}

function outputTable({ figures: { perOutput } }: TrainedRegressor): Html {
  return table(
    'Metrics by label',
    [{ name: 'Label' }, ...['RMSE', 'MAE', 'R²'].map((name) => ({ name, number: true }))],
    perOutput.map(({ name, rmse, mae, r2 }) => [name, formatUnits(rmse), formatUnits(mae), r2.toFixed(4)]),
    true,
  );
}

function columnTable({ columns, task }: Trained): Html {
  const score = task === 'regression' ? 'R²' : 'accuracy';
  const largest = columns.reduce((most, { drop }) => Math.max(most, drop), Number.MIN_VALUE);
  return html`<p class="note">
      How much lower the ${score} is when the values of one column are shuffled among the test samples, and the standard
      deviation over the repeats. Correlated columns share their importance.
    </p>
    ${table(
      'Column importance',
      [{ name: 'Column' }, { name: `Drop in ${score}`, number: true }, { name: '±', number: true }],
      columns.map(({ column, drop, spread }) => [
        column.name,
        bar(drop.toFixed(4), Math.max(0, drop / largest)),
        spread?.toFixed(4) ?? '–',
      ]),
      true,
    )}`;
}

/** Columns whose values are shown beside a mistake, the most important ones. */
const MOST_VALUES = 12;

async function mistakesOf(trained: Trained): Promise<Html> {
  const { columns, test } = trained;
  const shown = columns.slice(0, MOST_VALUES).map(({ column }) => column);
  const valuesOf = (row: number) => shown.map((column) => column.text(test, row));
  if (trained.task === 'regression') {
    const tables = trained.outputs.map(({ name, worst, predicted, actual }) =>
      table(
        `Worst predictions of ${name}`,
        [
          { name: 'Sample', number: true },
          ...[`True ${name}`, 'Predicted', 'Error'].map((heading) => ({ name: heading, number: true })),
          ...shown.map((column) => ({ name: column.name })),
        ],
        worst.map((row) => [
          row,
          ...[actual[row]!, predicted[row]!, predicted[row]! - actual[row]!].map((value) => formatUnits(value)),
          ...valuesOf(row),
        ]),
        true,
      ),
    );
    return html`<p class="note">The test samples with the largest errors, with the values of their columns.</p>
      ${tables}`;
  }
  if (shown.length === 0) return mistakes(trained);
  const { examination, classNames } = trained;
  const { worst, mistakeCount, samples } = examination;
  if (worst.length === 0) return html`<p>All ${count(samples)} samples are classified correctly.</p>`;
  return html`<p class="note">
      ${count(mistakeCount)} of ${count(samples)} samples are misclassified. These ${worst.length} have the highest
      loss, with the values of their columns.
    </p>
    ${table(
      'Worst mistakes',
      [
        { name: 'Sample', number: true },
        ...['True class', 'Predicted class'].flatMap((name) => [{ name }, { name: 'Probability', number: true }]),
        ...shown.map((column) => ({ name: column.name })),
      ],
      worst.map(({ index, truth, predicted, truthProbability, predictedProbability }) => [
        index,
        ...[classNames[truth]!, percent(truthProbability), classNames[predicted]!, percent(predictedProbability)],
        ...valuesOf(index),
      ]),
      true,
    )}`;
}

async function mistakes({ examination, test, classNames, imageShape }: TrainedClassifier): Promise<Html> {
  const { worst, mistakeCount, samples } = examination;
  if (worst.length === 0) return html`<p>All ${count(samples)} samples are classified correctly.</p>`;
  const items = await Promise.all(
    worst.map(async ({ index, truth, predicted, truthProbability, predictedProbability }) => {
      const name = `Test sample ${index}: true ${classNames[truth]}, predicted ${classNames[predicted]}`;
      const image = imageShape && (await encodePng(sampleImage(test, index, imageShape)));
      const picture = image
        ? html`<img src="${dataUri(image)}" width="${imageShape[1]}" height="${imageShape[0]}" alt="${name}" />`
        : html``;
      return html`<li>
        ${picture}
        <div class="wrong">${classNames[predicted]!} ${percent(predictedProbability)}</div>
        <div class="truth">${classNames[truth]!} ${percent(truthProbability)}</div>
        <div class="note">sample ${index}</div>
      </li>`;
    }),
  );
  return html`<p class="note">
      ${count(mistakeCount)} of ${count(samples)} samples are misclassified. These ${worst.length} have the highest
      loss: the lowest probability of the true class (✓).
    </p>
    <ol class="mistakes">
      ${items}
    </ol>`;
}

async function calibrationFigure({ examination }: TrainedClassifier): Promise<Html> {
  const { calibration: bins, calibrationError } = examination;
  const numbers = table(
    'Calibration by bins',
    [{ name: 'Confidence' }, ...['Samples', 'Mean confidence', 'Accuracy'].map((name) => ({ name, number: true }))],
    bins.map(({ from, to, count: samples, confidence, accuracy }) => [
      `${(100 * from).toFixed(0)}–${(100 * to).toFixed(0)}%`,
      count(samples),
      samples === 0 ? '–' : percent(confidence),
      samples === 0 ? '–' : percent(accuracy),
    ]),
  );
  const says =
    `Expected calibration error ${percent(calibrationError)}. ` +
    'Below the diagonal the network is overconfident, above it underconfident.';
  return html`<div class="figures">
    ${figure(await toSvg(calibration(PAGE_THEME, bins)), says, numbers)}
    ${figure(await toSvg(confidences(PAGE_THEME, bins)), 'Samples by confidence: the predicted probability.')}
  </div>`;
}

async function firstLayer({ parameters, imageShape }: Trained): Promise<Html | undefined> {
  if (!imageShape) return undefined;
  const W = parameters[0]!;
  const units = W.shape[1]!;
  const picture = weightGrid(W, imageShape, { paint: BLUE_ORANGE, most: MOST_UNITS });
  const shown = units > MOST_UNITS ? `The first ${MOST_UNITS} of ${units} units` : `All ${units} units`;
  const says =
    `${shown}: the weights from each pixel, blue where a bright pixel lowers the activation, ` +
    'orange where it raises it; all on the same scale.';
  return pictureFigure(picture, says);
}

/** A picture of pixels, enlarged by the page, with its caption. */
async function pictureFigure(picture: Picture, says: string): Promise<Html> {
  return html`<figure>
    <img
      class="pixels"
      src="${dataUri(await encodePng(picture))}"
      width="${picture.width}"
      height="${picture.height}"
      alt="${says}"
    />
    <figcaption>${says}</figcaption>
  </figure>`;
}

/** The layers as they were trained: the saved network has the same, with batch normalization folded in. */
function layerTable({ config }: RunData, { parameters: saved, task }: Trained): Html {
  const setting = (key: ConfigKey) => settingOf(config, key);
  const { layers, parameters, statistics, bytes } = networkSummary(widthsOf(saved), {
    activation: setting('activation') as ActivationName,
    batchNorm: setting('batchNorm') === true,
    dropout: Number(setting('dropout')),
    inputDropout: Number(setting('inputDropout')),
    task,
  });
  const kept = statistics > 0 ? `, beside ${count(statistics)} running statistics` : '';
  return html`<p class="note">
      ${count(parameters)} parameters${kept}: ${formatBytes(bytes)} in float32. The outputs are those of n samples.
    </p>
    ${table(
      'Layers',
      [...[{ name: 'Layer' }, { name: 'Output' }], ...[{ name: 'Parameters', number: true }, { name: 'Activation' }]],
      layers.map(({ name, width, parameters: own, activation }) => [
        ...[name, `[n, ${width}]`, own === 0 ? '' : count(own), activation ?? ''],
      ]),
    )}`;
}

/** A setting of a recorded config, or its default: configs of earlier versions lack some. */
const settingOf = (config: RunData['config'], key: ConfigKey): unknown => config[key] ?? settings[key].default;

const LOCAL: readonly string[] = keysWhere(({ local }) => local === true);

function whatAndWhere(run: RunData, trained: Trained | undefined): Html {
  const rows = (record: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] =>
    Object.entries(record).flatMap(([key, value]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? rows(value as Record<string, unknown>, `${prefix}${key} `)
        : [[`${prefix}${key}`, shownSetting(value)]],
    );
  // The page may be shared, so paths of this machine are left out.
  const settings = Object.fromEntries(
    Object.entries(withoutFolders(run.config)).filter(([key]) => !LOCAL.includes(key)),
  );
  const columns = [{ name: 'Name' }, { name: 'Value' }];
  const where = run.environment ? table('Environment', columns, rows(run.environment)) : html`<p>Not recorded.</p>`;
  const note = trained
    ? html`<p class="note">For this page the test set was evaluated again, on the ${trained.backend} backend.</p>`
    : html``;
  return html`<div class="figures settings">
      <div>
        <h3>Settings</h3>
        ${table('Settings', columns, rows(settings))}
      </div>
      <div>
        <h3>Machine and versions</h3>
        ${where}
      </div>
    </div>
    ${note}`;
}
