import type { TopLevelSpec } from 'vega-lite';
import type { RangeResult } from '../training/rangeTest';
import type { Curve, MarkedEpoch, StepValue, Trial } from './chartData';
import type { CalibrationBin, ExaminedOutput } from './examination';
import { shortSetting, shownSetting } from './shortSetting';

// Every chart as a Vega-Lite specification. Series differ in color, dash and shape,
// so that no single one is needed to tell them apart.

/** The colors of a chart: names of the page's CSS variables, or those of a picture. */
export interface Theme {
  readonly text: string;
  readonly back: string;
  readonly font: string;
  /** Okabe and Ito's palette, safe for color blindness. */
  readonly series: readonly string[];
}

/** For a picture on white. */
export const PICTURE_THEME: Theme = {
  text: '#1b1b1b',
  back: '#ffffff',
  font: 'DejaVu Sans',
  series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'],
};

/** For a page, whose style sets the variables for light and dark mode. */
export const PAGE_THEME: Theme = {
  text: 'currentColor',
  back: 'transparent',
  font: 'system-ui, sans-serif',
  series: Array.from({ length: 6 }, (_, i) => `var(--series-${i + 1})`),
};

const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
  [1, 3],
  [10, 4],
];
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'];

/** The whole picture, legend included, so that charts side by side have frames of one size. */
const SIZE = { width: 540, height: 300 };
/** A picture that is alone in its row. */
const WIDE = { width: 1100, height: 340 };
/** The space for the labels of a vertical axis: the same for all charts, so that their frames are aligned. */
const AXIS_WIDTH = { minExtent: 58, maxExtent: 58 };
/** A vertical axis of results: four digits tell its labels apart and keep them short. */
const RESULT_AXIS = { ...AXIS_WIDTH, format: '.4~g' };
/** Beyond this, values would make a page large: their table has them. */
const MOST_HOVERED = 2000;
/** Beyond this, points would hide the line. */
const MOST_POINTS = 40;
/** Beyond this, a legend would be larger than its chart. */
const MOST_NAMES = 12;

/** Beyond this, labels under an axis would overlap. */
const MOST_LETTERS = 24;
/** From this ratio of largest to smallest, the scale is logarithmic, as the values were probably chosen. */
const LOGARITHMIC = 8;
/** From the smallest to the largest result: each has a contrast of at least 3 to 1 on white and on the dark page. */
const RESULT_COLORS = ['#d55e00', '#0072b2'];
/** Up to this, an axis of parallel coordinates labels each of its numbers. */
const MOST_NUMBERS = 6;

/** The height of a label, as a share of an axis of parallel coordinates. */
const LABEL_ROOM = 0.05;

/** How curves are drawn. */
export interface CurveOptions {
  /** An epoch to point out. */
  readonly marked?: MarkedEpoch;
  /** Whether the chart is alone in its row. */
  readonly wide?: boolean;
}

/** Curves over epochs. Where no series has more than one epoch, the values are drawn as points side by side. */
export function curves(
  theme: Theme,
  title: string,
  lines: readonly Curve[],
  { marked, wide = false }: CurveOptions = {},
): TopLevelSpec {
  const size = wide ? WIDE : SIZE;
  const epochs = Math.max(1, ...lines.map(({ values }) => values.length));
  if (epochs === 1 && lines.length > 2) return singleValues(theme, title, lines, size);
  const values = lines.flatMap(({ name, values }) =>
    values.flatMap((value, i) =>
      Number.isFinite(value)
        ? [{ epoch: i + 1, value, name, alone: values.length === 1, says: `${name}, epoch ${i + 1}: ${shown(value!)}` }]
        : [],
    ),
  );
  const names = lines.map(({ name }) => name);
  const few = names.length <= MOST_NAMES;
  // In the second cycle, dashes and shapes are shifted by one, so no two of the named series look the same.
  const cycle = <T>(list: readonly T[]) => names.map((_, i) => list[i % list.length]!);
  const shifted = <T>(list: readonly T[]) => names.map((_, i) => list[(i + Math.floor(i / 6)) % list.length]!);
  const legend = few
    ? { title: null, orient: 'top' as const, symbolType: 'stroke', labelLimit: 300, columns: 3 }
    : null;
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: 'Epoch',
    axis: { tickMinStep: 1, format: 'd' },
    scale: { domain: [1, Math.max(2, epochs)], nice: false },
  };
  const y = { field: 'value', type: 'quantitative', title, scale: { zero: false }, axis: RESULT_AXIS };
  const color = { field: 'name', type: 'nominal', scale: { domain: names, range: cycle(theme.series) }, legend };
  const shape = few && {
    shape: { field: 'name', type: 'nominal', scale: { domain: names, range: shifted(SHAPES) }, legend: null },
  };
  // Beyond that, only what has no line is a point.
  const points = epochs <= MOST_POINTS ? [] : [{ filter: 'datum.alone' }];
  return {
    ...base(theme, `${title} over the epochs: ${names.slice(0, MOST_NAMES).join(', ')}`),
    ...size,
    data: { values },
    layer: [
      ...(marked ? [markOf(theme, marked, x)] : []),
      {
        mark: { type: 'line', strokeWidth: few ? 2 : 1.2, opacity: few ? 1 : 0.75 },
        encoding: {
          ...{ x, y, color, detail: { field: 'name' } },
          strokeDash: { field: 'name', type: 'nominal', scale: { domain: names, range: shifted(DASHES) }, legend },
        },
      },
      {
        transform: points,
        mark: { type: 'point', size: few ? 28 : 16, filled: true, opacity: 1 },
        encoding: { x, y, color, ...shape },
      },
      ...(values.length <= MOST_HOVERED ? [hovered(x, y)] : []),
    ],
  } as TopLevelSpec;
}

/** More points than this are not seen in a chart: neighbors are drawn as their mean. */
const MOST_STEPS = 400;

/** A curve over the steps of training. */
export function stepCurve(theme: Theme, title: string, points: readonly StepValue[]): TopLevelSpec {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const size = Math.ceil(finite.length / MOST_STEPS);
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const values = Array.from({ length: Math.ceil(finite.length / (size || 1)) }, (_, i) => {
    const group = finite.slice(i * size, (i + 1) * size);
    const value = mean(group.map((point) => point.value));
    const [first, last] = [group[0]!.step, group.at(-1)!.step];
    const where = first === last ? `step ${first}` : `steps ${first} to ${last}, mean`;
    return { step: mean(group.map(({ step }) => step)), value, name: title, says: `${where}: ${shown(value)}` };
  });
  const x = { field: 'step', type: 'quantitative', title: 'Step', scale: { zero: false, nice: false } };
  const y = { field: 'value', type: 'quantitative', title, scale: { zero: false }, axis: RESULT_AXIS };
  const legend = { title: null, orient: 'top', symbolType: 'stroke', labelLimit: 300 };
  const color = { field: 'name', type: 'nominal', scale: { range: [theme.series[0]] }, legend };
  return {
    ...base(theme, `${title} over the steps`),
    ...SIZE,
    data: { values },
    layer: [
      { mark: { type: 'line', strokeWidth: 1.5, point: values.length <= MOST_POINTS }, encoding: { x, y, color } },
      hovered(x, y),
    ],
  } as TopLevelSpec;
}

/** The loss over the growing learning rate of a range test, and the suggested rate. */
export function lossOverRates(theme: Theme, { steps, suggestion }: RangeResult): TopLevelSpec {
  // What a loss that diverges adds would flatten the rest.
  const most = 1.5 * steps[0]!.smoothed;
  const names = ['loss', 'smoothed loss', 'suggested rate'];
  const values = steps.flatMap(({ lr, loss, smoothed }) => [
    ...(loss <= most ? [{ lr, value: loss, name: names[0] }] : []),
    ...(smoothed <= most ? [{ lr, value: smoothed, name: names[1] }] : []),
  ]);
  const range = [`${theme.series[5]}`, theme.series[0], theme.series[1]];
  const scale = { type: 'log', nice: false };
  const x = { field: 'lr', type: 'quantitative', title: 'Learning rate', scale, axis: { format: '~g', grid: false } };
  const y = { field: 'value', type: 'quantitative', title: 'Loss', scale: { zero: false }, axis: RESULT_AXIS };
  const legend = { title: null, orient: 'top', symbolType: 'stroke', labelLimit: 300 };
  const color = { field: 'name', type: 'nominal', scale: { domain: names, range }, legend };
  const marked = suggestion && [{ lr: suggestion.lr, name: names[2] }];
  return {
    ...base(theme, `Loss over the learning rate${suggestion ? `; suggested is ${suggestion.lr}` : ''}`),
    ...SIZE,
    title: suggestion && { text: `Suggested learning rate: ${suggestion.lr}`, color: theme.text, fontWeight: 'normal' },
    layer: [
      ...(marked
        ? [{ data: { values: marked }, mark: { type: 'rule', strokeDash: [3, 3] }, encoding: { x, color } }]
        : []),
      { data: { values }, mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color } },
    ],
  } as TopLevelSpec;
}

/** A dashed line at an epoch, with what it says. */
function markOf(theme: Theme, { epoch, says }: MarkedEpoch, x: object) {
  return {
    data: { values: [{ epoch }] },
    layer: [
      {
        mark: { type: 'rule', strokeDash: [3, 3], color: theme.text, opacity: 0.6, aria: true },
        encoding: { x, description: { value: says } },
      },
    ],
  };
}

/** Points that are invisible, and larger than those that are seen: what they say is shown under the pointer. */
function hovered(x: object, y: object) {
  return {
    mark: { type: 'point', filled: true, size: 260, opacity: 0, aria: true },
    encoding: { x, y, description: { field: 'says' } },
  };
}

/** The only value of each series. */
function singleValues(theme: Theme, title: string, lines: readonly Curve[], size: typeof SIZE): TopLevelSpec {
  const values = lines.flatMap(({ name, values: [value] }) =>
    Number.isFinite(value) ? [{ name, value, says: `${name}: ${shown(value!)}` }] : [],
  );
  const few = values.length <= MOST_NAMES;
  const x = {
    field: 'name',
    type: 'nominal',
    title: null,
    sort: lines.map(({ name }) => name),
    axis: few ? { labelAngle: values.length > 5 ? -40 : 0, labelLimit: 120 } : { labels: false, ticks: false },
  };
  const y = { field: 'value', type: 'quantitative', title, scale: { zero: false }, axis: RESULT_AXIS };
  return {
    ...base(theme, `${title} after one epoch: ${values.length} values`),
    ...size,
    data: { values },
    layer: [
      { mark: { type: 'point', filled: true, size: 50, opacity: 1, color: theme.series[0] }, encoding: { x, y } },
      ...(values.length <= MOST_HOVERED ? [hovered(x, y)] : []),
    ],
  } as TopLevelSpec;
}

/** A value for people: four digits. */
function shown(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}

/** Accuracy by confidence. On the diagonal both are equal. */
export function calibration(theme: Theme, bins: readonly CalibrationBin[]): TopLevelSpec {
  const full = bins
    .filter(({ count }) => count > 0)
    .map((bin) => ({
      ...bin,
      says: `${bin.count} samples: confidence ${share(bin.confidence)}, accuracy ${share(bin.accuracy)}`,
    }));
  const axis = (title: string, width?: typeof AXIS_WIDTH) => ({
    title,
    scale: { domain: [0, 1] },
    axis: { format: '.0%', ...width },
  });
  const x = { field: 'confidence', type: 'quantitative', ...axis('Confidence') };
  const y = { field: 'accuracy', type: 'quantitative', ...axis('Accuracy', AXIS_WIDTH) };
  const legend = { title: null, orient: 'top' as const, symbolType: 'stroke', labelLimit: 300 };
  const names = ['this network', 'perfect calibration'];
  const color = { type: 'nominal', scale: { domain: names, range: [theme.series[0], theme.text] }, legend };
  const diagonal = [0, 1].map((at) => ({ confidence: at, accuracy: at, name: names[1] }));
  return {
    ...base(theme, 'Accuracy by confidence, in ten bins, against the diagonal of perfect calibration'),
    ...SIZE,
    layer: [
      {
        data: { values: diagonal },
        mark: { type: 'line', strokeDash: [4, 4], strokeWidth: 1 },
        encoding: { x, y, color: { field: 'name', ...color } },
      },
      {
        data: { values: full },
        mark: { type: 'line', strokeWidth: 2, point: { size: 40, filled: true } },
        encoding: { x, y, color: { datum: names[0], ...color } },
      },
      { data: { values: full }, ...hovered(x, y) },
    ],
  } as TopLevelSpec;
}

/** How many samples have which confidence, and how many of them are right. */
export function confidences(theme: Theme, bins: readonly CalibrationBin[]): TopLevelSpec {
  const values = bins.flatMap(({ from, to, count, accuracy }) => {
    const right = Math.round(count * accuracy);
    const range = `${share(from)} to ${share(to)}`;
    return [
      { from, to, name: 'right', at: 0, end: right, says: `confidence ${range}: ${right} right` },
      { from, to, name: 'wrong', at: right, end: count, says: `confidence ${range}: ${count - right} wrong` },
    ].filter(({ at, end }) => end > at);
  });
  const x = {
    field: 'from',
    type: 'quantitative',
    title: 'Confidence',
    axis: { format: '.0%' },
    scale: { domain: [0, 1] },
  };
  return {
    ...base(theme, 'Samples by confidence, right and wrong ones'),
    ...SIZE,
    data: { values },
    mark: { type: 'rect', stroke: theme.text, strokeOpacity: 0.25, aria: true },
    encoding: {
      ...{ x, x2: { field: 'to' }, y2: { field: 'end' }, description: { field: 'says' } },
      y: { field: 'at', type: 'quantitative', title: 'Samples', axis: AXIS_WIDTH },
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: ['right', 'wrong'], range: [theme.series[0], theme.series[1]] },
        legend: { title: null, orient: 'top' },
      },
    },
  } as TopLevelSpec;
}

const share = (value: number) => `${(100 * value).toFixed(1)}%`;

/** Predicted against true values of at most 2,000 samples, with the diagonal on which both are equal. */
export function predictedAgainstTrue(theme: Theme, { name, predicted, actual }: ExaminedOutput): TopLevelSpec {
  const every = Math.ceil(actual.length / MOST_HOVERED);
  const values = Array.from(actual, (truth, i) => ({
    ...{ truth, predicted: predicted[i]!, name: 'samples' },
    says: `sample ${i}: predicted ${shown(predicted[i]!)}, true ${shown(truth)}`,
  })).filter((_, i) => i % every === 0);
  const ends = values.flatMap(({ truth, predicted }) => [truth, predicted]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const diagonal = [low, high].map((at) => ({ truth: at, predicted: at, name: 'right' }));
  const scale = { domain: [low, high], zero: false };
  const x = { field: 'truth', type: 'quantitative', title: `True ${name}`, scale, axis: { format: '.4~g' } };
  const y = { field: 'predicted', type: 'quantitative', title: `Predicted ${name}`, scale, axis: RESULT_AXIS };
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: ['samples', 'right'], range: [theme.series[0], theme.text] },
    legend: { title: null, orient: 'top' },
  };
  return {
    ...base(theme, `Predicted against true ${name}, and the diagonal on which both are equal`),
    ...SIZE,
    layer: [
      {
        data: { values: diagonal },
        mark: { type: 'line', strokeDash: [4, 4], strokeWidth: 1 },
        encoding: { x, y, color },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 22, opacity: 0.6, aria: true },
        encoding: { x, y, color, description: { field: 'says' } },
      },
    ],
  } as TopLevelSpec;
}

/** Bins of the histogram of residuals. */
const RESIDUAL_BINS = 30;

/** How often the network predicts too much or too little, and by how much. */
export function residuals(theme: Theme, { name, predicted, actual }: ExaminedOutput): TopLevelSpec {
  const errors = Array.from(predicted, (value, i) => value - actual[i]!);
  // Not Math.max(...): a call takes only so many arguments, and a test set may have more samples.
  const reach = errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0) || 1;
  const width = (2 * reach) / RESIDUAL_BINS;
  const counts = new Array<number>(RESIDUAL_BINS).fill(0);
  for (const error of errors) counts[Math.min(RESIDUAL_BINS - 1, Math.floor((error + reach) / width))]!++;
  const values = counts.map((count, i) => {
    const [from, to] = [i * width - reach, (i + 1) * width - reach];
    return { from, to, at: 0, count, says: `${shown(from)} to ${shown(to)}: ${count} samples` };
  });
  return {
    ...base(theme, `Histogram of the residuals of ${name}, predicted minus true`),
    ...SIZE,
    data: { values },
    mark: { type: 'rect', color: theme.series[0], stroke: theme.text, strokeOpacity: 0.25, aria: true },
    encoding: {
      x: { field: 'from', type: 'quantitative', title: `Predicted − true ${name}`, axis: { format: '.4~g' } },
      x2: { field: 'to' },
      y: { field: 'at', type: 'quantitative', title: 'Samples', axis: AXIS_WIDTH },
      y2: { field: 'count' },
      description: { field: 'says' },
    },
  };
}

/** The confusion matrix: each square shows its count and its share of the row. */
export function confusionMatrix(
  theme: Theme,
  confusion: readonly (readonly number[])[],
  classNames: readonly string[],
): TopLevelSpec {
  const values = confusion.flatMap((row, truth) => {
    const support = row.reduce((sum, count) => sum + count, 0) || 1;
    return row.map((count, predicted) => ({
      ...{ truth: classNames[truth], predicted: classNames[predicted], count, share: count / support },
      label: count === 0 ? '' : `${count}`,
      rate: count === 0 ? '' : `${((100 * count) / support).toFixed(1)}%`,
    }));
  });
  const axis = (title: string, labelAngle = 0) => ({
    title,
    sort: [...classNames],
    axis: { labelAngle, labelLimit: 120, domain: false, ticks: false },
  });
  const cell = Math.max(24, Math.min(52, 520 / classNames.length));
  const text = (field: string, dy: number, fontSize: number) => ({
    mark: { type: 'text', dy, fontSize },
    encoding: {
      text: { field },
      // Each has a contrast of at least 4.5 to 1 on its side of the limit.
      color: { condition: { test: 'datum.share > 0.72', value: '#ffffff' }, value: '#000000' },
    },
  });
  return {
    ...base(theme, 'Confusion matrix: true class by row, predicted class by column'),
    width: { step: cell },
    height: { step: cell },
    data: { values },
    encoding: {
      x: { field: 'predicted', type: 'nominal', ...axis('Predicted', -40) },
      y: { field: 'truth', type: 'nominal', ...axis('True') },
    },
    layer: [
      {
        mark: { type: 'rect', stroke: theme.text, strokeOpacity: 0.15 },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            scale: { domain: [0, 1], range: ['#ffffff', '#00508c'], interpolate: 'rgb' },
            legend: { title: 'Share', format: '.0%' },
          },
        },
      },
      ...(cell < 36 ? [text('label', 0, 9)] : [text('label', -5, 11), text('rate', 9, 8)]),
    ],
  } as TopLevelSpec;
}

/** Parallel coordinates: an axis for each setting that differs, and one for the result; a line for each trial. */
export function parallelCoordinates(
  theme: Theme,
  trials: readonly Trial[],
  keys: readonly string[],
  resultName: string,
): TopLevelSpec {
  const axes = [...keys, resultName];
  const scales = axes.map((axis) =>
    axis === resultName
      ? numberScale(
          trials.map(({ result }) => result),
          { logarithmic: false },
        )
      : axisScale(trials.map(({ settings }) => settings[axis])),
  );
  const lines = trials.flatMap((trial) =>
    axes.map((axis, i) => ({
      ...{ axis, name: trial.name, result: trial.result, says: saysOf(trial, keys, resultName) },
      at: scales[i]!.place(axis === resultName ? trial.result : trial.settings[axis]),
    })),
  );
  const ticks = axes.flatMap((axis, i) => scales[i]!.ticks.map(({ at, label }) => ({ axis, at, label })));
  const y = { field: 'at', type: 'quantitative', axis: null, scale: { domain: [-0.05, 1.05] } };
  const x = {
    field: 'axis',
    type: 'nominal',
    sort: axes,
    title: null,
    axis: { orient: 'top', labelAngle: 0, labelLimit: 120, domain: false, ticks: false, labelFontWeight: 'bold' },
    scale: { type: 'point', padding: 0.4 },
  };
  return {
    ...base(theme, `Parallel coordinates of ${trials.length} trials: ${keys.join(', ')} and ${resultName}`),
    ...WIDE,
    width: Math.max(WIDE.width, 150 * axes.length),
    layer: [
      {
        data: { values: axes.map((axis) => ({ axis })) },
        mark: { type: 'rule', color: theme.text, opacity: 0.35 },
        encoding: { x },
      },
      {
        data: { values: lines },
        mark: { type: 'line', strokeWidth: 1.6, opacity: 0.8, aria: true },
        encoding: {
          x,
          y,
          detail: { field: 'name' },
          description: { field: 'says' },
          color: {
            field: 'result',
            type: 'quantitative',
            title: resultName,
            scale: { range: RESULT_COLORS, interpolate: 'lab', zero: false },
            legend: { orient: 'right' },
          },
        },
      },
      {
        data: { values: ticks },
        mark: {
          type: 'text',
          align: 'left',
          dx: 5,
          fontSize: 10,
          color: theme.text,
          stroke: theme.back === 'transparent' ? 'var(--back)' : theme.back,
          strokeWidth: 3,
        },
        encoding: { x, y, text: { field: 'label' } },
      },
      {
        data: { values: ticks },
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 10, color: theme.text },
        encoding: { x, y, text: { field: 'label' } },
      },
    ],
  } as TopLevelSpec;
}

/** trial 3: accuracy 0.91, lr 0.1, hidden 64 */
function saysOf({ name, settings, result }: Trial, keys: readonly string[], resultName: string): string {
  const parts = keys.map((key) => `${key} ${shortSetting(settings[key])}`);
  return `${name}: ${[`${resultName} ${shown(result)}`, ...parts].join(', ')}`;
}

/** The result against one setting. */
export function resultAgainst(theme: Theme, trials: readonly Trial[], key: string, resultName: string): TopLevelSpec {
  const numbers = trials.every(({ settings }) => typeof settings[key] === 'number');
  const values = trials.map((trial) => ({
    result: trial.result,
    setting: numbers ? trial.settings[key] : shownSetting(trial.settings[key]),
    says: saysOf(trial, [key], resultName),
  }));
  const sizes = values.map(({ setting }) => setting as number);
  const names = namesOf(trials.map(({ settings }) => settings[key]));
  const wide = numbers && Math.min(...sizes) > 0 && Math.max(...sizes) / Math.min(...sizes) >= LOGARITHMIC;
  const x = numbers
    ? {
        field: 'setting',
        type: 'quantitative',
        title: key,
        scale: { type: wide ? 'log' : 'linear', zero: false },
        // Of a setting that is whole, there is nothing between two numbers.
        ...(!wide && sizes.every(Number.isInteger) && { axis: { tickMinStep: 1, format: 'd' } }),
      }
    : {
        field: 'setting',
        type: 'nominal',
        title: key,
        sort: names,
        axis: { labelAngle: names.join('').length > MOST_LETTERS ? -40 : 0, labelLimit: 90 },
      };
  const y = { field: 'result', type: 'quantitative', title: resultName, scale: { zero: false }, axis: RESULT_AXIS };
  return {
    ...base(theme, `${resultName} against ${key}`),
    ...SIZE,
    data: { values },
    layer: [
      { mark: { type: 'point', filled: true, size: 40, opacity: 0.8, color: theme.series[0] }, encoding: { x, y } },
      ...(values.length <= MOST_HOVERED ? [hovered(x, y)] : []),
    ],
  } as TopLevelSpec;
}

interface AxisScale {
  /** In [0, 1]. */
  readonly place: (value: unknown) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

function axisScale(values: readonly unknown[]): AxisScale {
  if (values.every((value): value is number => typeof value === 'number' && Number.isFinite(value)))
    return numberScale(values);
  const names = namesOf(values);
  const at = (name: string) => (names.length === 1 ? 0.5 : names.indexOf(name) / (names.length - 1));
  return { place: (value) => at(shownSetting(value)), ticks: names.map((label) => ({ at: at(label), label })) };
}

/** Distinct non-numeric settings, sorted: 4 before 16, and 16 before 16,8. */
function namesOf(values: readonly unknown[]): string[] {
  return [...new Set(values.map(shownSetting))].sort(new Intl.Collator('en', { numeric: true }).compare);
}

function numberScale(values: readonly number[], { logarithmic }: { logarithmic?: boolean } = {}): AxisScale {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (low === high) return { place: () => 0.5, ticks: [{ at: 0.5, label: shortNumber(low) }] };
  const [by, back] =
    (logarithmic ?? (low > 0 && high / low >= LOGARITHMIC))
      ? [Math.log, Math.exp]
      : [(x: number) => x, (x: number) => x];
  const [from, to] = [by(low), by(high)];
  const place = (value: unknown) => (by(value as number) - from) / (to - from);
  const distinct = new Set(values);
  if (distinct.size <= MOST_NUMBERS) {
    const ticks = [...distinct].map((value) => ({ at: place(value), label: shortNumber(value) }));
    return { place, ticks: apart(ticks) };
  }
  const middle = back((from + to) / 2);
  const between = values.every(Number.isInteger) ? Math.round(middle) : middle;
  return { place, ticks: [low, between, high].map((value) => ({ at: place(value), label: shortNumber(value) })) };
}

/** Labels that have room between them: those of the ends first. */
function apart<Tick extends { readonly at: number }>(ticks: readonly Tick[]): Tick[] {
  const [lowest, ...others] = [...ticks].sort((a, b) => a.at - b.at);
  const kept = [lowest!, others.pop()!];
  for (const tick of others) if (kept.every(({ at }) => Math.abs(tick.at - at) >= LABEL_ROOM)) kept.push(tick);
  return kept;
}

function shortNumber(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

function base({ text, back, font }: Theme, description: string) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description,
    background: back,
    // The size is that of the whole picture.
    autosize: { type: 'fit' as const, contains: 'padding' as const },
    config: {
      font,
      // Only what is to be shown under the pointer is described: its table says the rest.
      mark: { aria: false },
      view: { stroke: null },
      axis: {
        labelColor: text,
        titleColor: text,
        tickColor: text,
        domainColor: text,
        gridColor: text,
        gridOpacity: 0.12,
        domainOpacity: 0.4,
        tickOpacity: 0.4,
        titleFontWeight: 'normal' as const,
        labelFontSize: 11,
        titleFontSize: 12,
      },
      legend: { labelColor: text, titleColor: text, labelFontSize: 12, titleFontWeight: 'normal' as const },
      header: { labelColor: text, titleColor: text },
    },
  };
}
