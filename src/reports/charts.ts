import type { TopLevelSpec } from 'vega-lite';
import type { CalibrationBin } from './examination';

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

/** One line of a chart of curves. */
export interface Curve {
  readonly name: string;
  /** By epoch, from 1; a non-finite value leaves a gap. */
  readonly values: readonly (number | null | undefined)[];
}

const SIZE = { width: 420, height: 240 };
/** Beyond this, points would hide the line. */
const MOST_POINTS = 40;
/** Beyond this, a legend would be larger than its chart. */
const MOST_NAMES = 12;

/** Beyond this, labels under an axis would overlap. */
const MOST_LETTERS = 24;
/** From this ratio of largest to smallest, the scale is logarithmic, as the values were probably chosen. */
const LOGARITHMIC = 8;
/** Up to this, an axis of parallel coordinates labels each of its numbers. */
const MOST_NUMBERS = 6;

/** Curves over epochs. */
export function curves(theme: Theme, title: string, lines: readonly Curve[]): TopLevelSpec {
  const values = lines.flatMap(({ name, values }) =>
    values.flatMap((value, i) => (Number.isFinite(value) ? [{ epoch: i + 1, value, name }] : [])),
  );
  const names = lines.map(({ name }) => name);
  const few = names.length <= MOST_NAMES;
  // In the second cycle, dashes and shapes are shifted by one, so no two of the named series look the same.
  const cycle = <T>(list: readonly T[]) => names.map((_, i) => list[i % list.length]!);
  const shifted = <T>(list: readonly T[]) => names.map((_, i) => list[(i + Math.floor(i / 6)) % list.length]!);
  const epochs = Math.max(1, ...lines.map(({ values }) => values.length));
  const legend =
    few && names.length > 1
      ? { title: null, orient: 'top' as const, symbolType: 'stroke', labelLimit: 300, columns: 3 }
      : null;
  return {
    ...base(theme, `${title} over the epochs: ${names.slice(0, MOST_NAMES).join(', ')}`),
    ...SIZE,
    data: { values },
    mark: {
      type: 'line',
      strokeWidth: few ? 2 : 1,
      opacity: few ? 1 : 0.5,
      // A trial that was stopped after one epoch is only a point.
      point: epochs <= MOST_POINTS && { size: few ? 28 : 12, filled: true },
    },
    encoding: {
      x: {
        field: 'epoch',
        type: 'quantitative',
        title: 'Epoch',
        axis: { tickMinStep: 1, format: 'd' },
        scale: { domain: [1, Math.max(2, epochs)], nice: false },
      },
      y: { field: 'value', type: 'quantitative', title, scale: { zero: false } },
      detail: { field: 'name' },
      color: { field: 'name', type: 'nominal', scale: { domain: names, range: cycle(theme.series) }, legend },
      strokeDash: { field: 'name', type: 'nominal', scale: { domain: names, range: shifted(DASHES) }, legend },
      ...(few && {
        shape: { field: 'name', type: 'nominal', scale: { domain: names, range: shifted(SHAPES) }, legend: null },
      }),
    },
  };
}

/** Accuracy by confidence. On the diagonal both are equal. */
export function calibration(theme: Theme, bins: readonly CalibrationBin[]): TopLevelSpec {
  const full = bins.filter(({ count }) => count > 0);
  const share = (title: string) => ({ title, scale: { domain: [0, 1] }, axis: { format: '.0%' } });
  return {
    ...base(theme, 'Accuracy by confidence, in ten bins, against the diagonal of perfect calibration'),
    width: 300,
    height: 300,
    layer: [
      {
        data: { values: [{ at: 0 }, { at: 1 }] },
        mark: { type: 'line', strokeDash: [4, 4], color: theme.text, opacity: 0.5, strokeWidth: 1 },
        encoding: { x: { field: 'at', type: 'quantitative' }, y: { field: 'at', type: 'quantitative' } },
      },
      {
        data: { values: full },
        mark: { type: 'line', color: theme.series[0], strokeWidth: 2 },
        encoding: {
          x: { field: 'confidence', type: 'quantitative', ...share('Confidence') },
          y: { field: 'accuracy', type: 'quantitative', ...share('Accuracy') },
        },
      },
      {
        data: { values: full },
        mark: { type: 'point', filled: true, color: theme.series[0], opacity: 1 },
        encoding: {
          x: { field: 'confidence', type: 'quantitative' },
          y: { field: 'accuracy', type: 'quantitative' },
          size: {
            field: 'count',
            type: 'quantitative',
            title: 'Samples',
            scale: { range: [20, 300] },
            legend: { orient: 'right', tickCount: 4 },
          },
        },
      },
    ],
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
      color: { condition: { test: 'datum.share > 0.5', value: '#ffffff' }, value: theme.text },
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

/** A run or trial: a line from its settings to its result. */
export interface Trial {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly result: number;
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
      ...{ axis, name: trial.name, result: trial.result },
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
    width: Math.max(420, 130 * axes.length),
    height: 280,
    layer: [
      {
        data: { values: axes.map((axis) => ({ axis })) },
        mark: { type: 'rule', color: theme.text, opacity: 0.35 },
        encoding: { x },
      },
      {
        data: { values: lines },
        mark: { type: 'line', strokeWidth: 1.6, opacity: 0.75 },
        encoding: {
          x,
          y,
          detail: { field: 'name' },
          color: {
            field: 'result',
            type: 'quantitative',
            title: resultName,
            scale: { scheme: 'viridis', zero: false },
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

/** The result against one setting. */
export function resultAgainst(theme: Theme, trials: readonly Trial[], key: string, resultName: string): TopLevelSpec {
  const numbers = trials.every(({ settings }) => typeof settings[key] === 'number');
  const values = trials.map(({ name, settings, result }) => ({
    name,
    result,
    setting: numbers ? settings[key] : shownSetting(settings[key]),
  }));
  const sizes = values.map(({ setting }) => setting as number);
  const names = namesOf(trials.map(({ settings }) => settings[key]));
  const wide = numbers && Math.min(...sizes) > 0 && Math.max(...sizes) / Math.min(...sizes) >= LOGARITHMIC;
  return {
    ...base(theme, `${resultName} against ${key}`),
    width: 240,
    height: 170,
    data: { values },
    mark: { type: 'point', filled: true, size: 40, opacity: 0.8, color: theme.series[0] },
    encoding: {
      x: numbers
        ? { field: 'setting', type: 'quantitative', title: key, scale: { type: wide ? 'log' : 'linear', zero: false } }
        : {
            field: 'setting',
            type: 'nominal',
            title: key,
            sort: names,
            axis: { labelAngle: names.join('').length > MOST_LETTERS ? -40 : 0, labelLimit: 90 },
          },
      y: { field: 'result', type: 'quantitative', title: resultName, scale: { zero: false } },
    },
  };
}

/** A setting as text: lists as they are typed, an unset one as a dash. */
export function shownSetting(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A setting for a table: randomly drawn numbers are rounded. */
export function shortSetting(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? `${Number(value.toPrecision(4))}`
    : shownSetting(value);
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
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) return { place: () => 0.5, ticks: [{ at: 0.5, label: shortNumber(low) }] };
  const [by, back] =
    (logarithmic ?? (low > 0 && high / low >= LOGARITHMIC))
      ? [Math.log, Math.exp]
      : [(x: number) => x, (x: number) => x];
  const [from, to] = [by(low), by(high)];
  const place = (value: unknown) => (by(value as number) - from) / (to - from);
  const distinct = new Set(values);
  if (distinct.size <= MOST_NUMBERS) {
    return { place, ticks: [...distinct].map((value) => ({ at: place(value), label: shortNumber(value) })) };
  }
  return {
    place,
    ticks: [0, 0.5, 1].map((at) => ({ at, label: shortNumber(back(from + at * (to - from))) })),
  };
}

function shortNumber(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

function base({ text, back, font }: Theme, description: string) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description,
    background: back,
    config: {
      font,
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
