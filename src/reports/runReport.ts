import type { Parameter } from '../model/architecture';
import type { Samples } from '../data/samples';
import { calibration, confidences, curves, type Curve, type MarkedEpoch, PAGE_THEME, shownSetting } from './charts';
import type { Examination } from './examination';
import { bar, figure, type Html, html, page, type Section, table } from './html';
import { dataUri, encodePng } from '../pictures/png';
import { toSvg } from './render';
import { keysWhere } from '../runs/config';
import { judgedAccuracy, type RunData } from '../runs/readRun';
import { frequentConfusions } from '../training/classReport';
import { confusionGrid } from '../pictures/confusionGrid';
import { sampleImage } from '../pictures/sampleImage';
import { BLUE_ORANGE, weightGrid } from '../pictures/weightGrid';

/** The network of a run and its figures on the test set: what a report shows beyond the run's records. */
export interface Trained {
  readonly examination: Examination;
  readonly test: Samples;
  readonly classNames: readonly string[];
  readonly imageShape?: readonly [number, number];
  readonly parameters: readonly Parameter[];
  /** The backend that evaluated it. */
  readonly backend: string;
}

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
  const sections: Section[] = [{ id: 'curves', title: 'Loss and accuracy', content: await curvesOf(run) }];
  if (trained) {
    sections.push(
      { id: 'confusion', title: 'Confusion matrix', content: await confusionSection(trained) },
      { id: 'classes', title: 'Classes', content: classTable(trained) },
      { id: 'mistakes', title: 'Worst mistakes', content: await mistakes(trained) },
      { id: 'calibration', title: 'Calibration', content: await calibrationFigure(trained) },
    );
    const weights = await firstLayer(trained);
    if (weights) sections.push({ id: 'weights', title: 'First layer', content: weights });
  }
  sections.push({ id: 'what', title: 'What was run, and where', content: whatAndWhere(run, trained) });
  return page(run.name, summary(run, trained), sections);
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
const count = (number: number) => number.toLocaleString('en-US');

function summary(run: RunData, trained: Trained | undefined): Html {
  const last = run.epochs.at(-1);
  const best = bestEpoch(run);
  const seconds = run.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const accuracy = trained?.examination.accuracy ?? run.end?.testAccuracy;
  const tiles: [name: string, value: string | undefined][] = [
    ['Test accuracy', accuracy === undefined ? undefined : percent(accuracy)],
    ['Balanced accuracy', trained && percent(trained.examination.balancedAccuracy)],
    ['ROC AUC', trained?.examination.rocAuc?.toFixed(4)],
    ['Test loss', (trained?.examination.loss ?? run.end?.testLoss)?.toFixed(4)],
    [bestName(run), best && `${percent(best.accuracy)}, epoch ${best.epoch}`],
    ['Network kept', run.end?.bestEpoch === undefined ? undefined : `that of epoch ${run.end.bestEpoch}`],
    ['Epochs', `${run.epochs.length} of ${shownSetting(run.config['epochs'])}${run.end ? '' : ', not finished'}`],
    ['Network', trained ? widthsOf(trained.parameters) : shownSetting(run.config['hidden'])],
    ['Parameters', trained && count(trained.parameters.reduce((sum, { data }) => sum + data.length, 0))],
    ['Training time', run.epochs.length > 0 ? `${seconds.toFixed(1)} s` : undefined],
    ['Samples per second', last && count(last.samplesPerSecond)],
    ['Data', shownSetting(run.config['dataset'])],
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

function widthsOf(parameters: readonly Parameter[]): string {
  const weights = parameters.filter(({ name }) => name.startsWith('W'));
  return [weights[0]!.shape[0]!, ...weights.map(({ shape }) => shape[1]!)].join('-');
}

async function curvesOf(run: RunData): Promise<Html> {
  if (run.epochs.length === 0) return html`<p>No epoch has ended yet.</p>`;
  const numbers = table(
    'Figures of the epochs',
    ['Epoch', 'Training loss', 'Loss', 'Accuracy', 'Seconds', 'Samples/s'].map((name) => ({ name, number: true })),
    run.epochs.map((epoch) => [
      epoch.epoch,
      epoch.loss.toFixed(4),
      (epoch.valLoss ?? epoch.testLoss)?.toFixed(4) ?? '–',
      judgedAccuracy(epoch)?.toFixed(4) ?? '–',
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
  return html`<div class="figures">${figures}</div>`;
}

/** A chart of a run's epochs. */
export interface RunCurves {
  /** The name of its axis. */
  readonly name: string;
  readonly lines: readonly Curve[];
  readonly marked?: MarkedEpoch;
  readonly says: string;
}

/** The curves of one run: loss, accuracy, and the learning rate where a schedule changes it. */
export function runCurves(run: RunData): RunCurves[] {
  const { epochs } = run;
  const judged = judgedBy(run);
  const best = bestEpoch(run);
  const marked = best && {
    epoch: best.epoch,
    says: `${bestName(run)}: ${percent(best.accuracy)}, epoch ${best.epoch}`,
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
      name: 'Accuracy',
      lines: [{ name: judged, values: epochs.map(judgedAccuracy) }],
      ...(marked && { marked }),
      says: `Share of the samples classified correctly after each epoch. Dashed: the best ${judged} accuracy.`,
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

const bestName = (run: RunData) => `Best ${judgedBy(run)} accuracy`;

/** The first epoch with the best accuracy, on the validation samples if there are any, else on the test set. */
function bestEpoch({ epochs }: RunData): { readonly epoch: number; readonly accuracy: number } | undefined {
  let best: { epoch: number; accuracy: number } | undefined;
  for (const epoch of epochs) {
    const accuracy = judgedAccuracy(epoch);
    if (accuracy !== undefined && !(best && best.accuracy >= accuracy)) best = { epoch: epoch.epoch, accuracy };
  }
  return best;
}

async function confusionSection(trained: Trained): Promise<Html> {
  const { examination, classNames } = trained;
  const { confusion, perClass } = examination;
  if (classNames.length <= MOST_CLASSES) return confusionTable(trained);
  const says =
    'A row for each true class, a column for what it was taken for, in the order of the classes: blue on the ' +
    'diagonal for right answers, orange for mistakes, the darker the larger their share of the row.';
  const picture = confusionGrid(confusion);
  const list = frequentConfusions(confusion, MOST_CONFUSIONS).map(({ truth, predicted, count: found }) => [
    classNames[truth]!,
    classNames[predicted]!,
    count(found),
    percent(found / perClass[truth]!.support),
  ]);
  const columns = [
    { name: 'True class' },
    { name: 'Taken for' },
    { name: 'Samples', number: true },
    { name: 'Share of the class', number: true },
  ];
  return html`<div class="figures">
    <div>
      <h3>Most frequent confusions</h3>
      ${table('Most frequent confusions', columns, list, true)}
    </div>
    <figure>
      <img
        class="pixels"
        src="${dataUri(await encodePng(picture))}"
        width="${picture.width}"
        height="${picture.height}"
        alt="${says}"
      />
      <figcaption>${says}</figcaption>
    </figure>
  </div>`;
}

function confusionTable({ examination: { confusion }, classNames }: Trained): Html {
  const rows = confusion.map((row, truth) => {
    const support = row.reduce((sum, cell) => sum + cell, 0) || 1;
    const cells = row.map((cell, predicted) => {
      const share = cell / support;
      // A square root, because small shares matter in a confusion matrix and differ little in color.
      const shade = cell === 0 ? 0 : 0.05 + 0.5 * Math.sqrt(share);
      const name = `${classNames[truth]} taken for ${classNames[predicted]}`;
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
      A row for each true class, a column for what it was taken for: how many samples, and which share of the row. Right
      answers are blue and on the diagonal, mistakes orange.
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

function classTable({ examination, classNames }: Trained): Html {
  const { perClass, macro, weighted, rocAuc, averagePrecision, samples } = examination;
  const share = (value: number | null) => (value === null ? '—' : bar(value.toFixed(4), value));
  const averages = ({ precision, recall, f1 }: Examination['macro']) => [share(precision), share(recall), share(f1)];
  const names = ['Precision', 'Recall', 'F1', 'ROC AUC', 'Average precision', 'Samples'];
  const columns = [{ name: 'Class' }, ...names.map((name) => ({ name, number: true }))];
  return html`${table(
    'Figures of the classes',
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

async function mistakes({ examination, test, classNames, imageShape }: Trained): Promise<Html> {
  const { worst, mistakeCount, samples } = examination;
  if (worst.length === 0) return html`<p>There are none: all ${count(samples)} samples are right.</p>`;
  const items = await Promise.all(
    worst.map(async ({ index, truth, predicted, truthProbability, predictedProbability }) => {
      const name = `Test sample ${index}: ${classNames[truth]}, taken for ${classNames[predicted]}`;
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
      ${count(mistakeCount)} of ${count(samples)} samples are wrong. These ${worst.length} have the highest loss: the
      network gave the true class (✓) the least.
    </p>
    <ol class="mistakes">
      ${items}
    </ol>`;
}

async function calibrationFigure({ examination }: Trained): Promise<Html> {
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
    ${figure(await toSvg(confidences(PAGE_THEME, bins)), 'Samples by confidence: the probability of the chosen class.')}
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
    'orange where it raises it; all on one scale.';
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

const LOCAL: readonly string[] = keysWhere(({ local }) => local === true);

function whatAndWhere(run: RunData, trained: Trained | undefined): Html {
  const rows = (record: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] =>
    Object.entries(record).flatMap(([key, value]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? rows(value as Record<string, unknown>, `${prefix}${key} `)
        : [[`${prefix}${key}`, shownSetting(value)]],
    );
  // The page may be shared, so paths of this machine are left out.
  const settings = Object.fromEntries(Object.entries(run.config).filter(([key]) => !LOCAL.includes(key)));
  const columns = [{ name: 'Name' }, { name: 'Value' }];
  const where = run.environment ? table('Where it ran', columns, rows(run.environment)) : html`<p>Not recorded.</p>`;
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
