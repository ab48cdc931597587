import type { Colors } from './terminal';
import { widthOf } from './text';

/** One curve for the terminal. */
export interface PlottedCurve {
  readonly name: string;
  /** At even distances, such as one for each epoch. */
  readonly values: readonly number[];
}

/** What the ends of the horizontal axis are, in the place of epochs. */
export interface PlottedAxis {
  readonly first: string;
  readonly last: string;
  /** A place on it to point at, from 0 to 1. */
  readonly mark?: number;
}

const HEIGHT = 10;
/** The width of the axis labels. */
const AXIS = 10;

/**
 * Plots curves over the epochs in characters. The title line names the curves.
 * @param columns the width of the terminal
 * @param axis another one than that of epochs
 */
export function plotCurves(
  title: string,
  curves: readonly PlottedCurve[],
  columns: number,
  colors: Colors,
  axis?: PlottedAxis,
): string {
  const shown = curves.filter(({ values }) => values.length > 0 && values.every(Number.isFinite));
  if (shown.length === 0) return `${title}: nothing to draw`;
  const epochs = Math.max(...shown.map(({ values }) => values.length));
  const width = Math.max(10, Math.min(70, columns - AXIS));
  const series = shown.map(({ values }) => stretched(values, Math.round((width * values.length) / epochs)));
  const paints = [colors.cyan, colors.yellow, colors.magenta, colors.green, colors.red, colors.blue];
  // asciichart writes a color before each character; these placeholders are replaced by our colors afterwards.
  const marks = paints.map((_, i) => String.fromCharCode(0xe000 + i));
  const { plot } = require('asciichart') as typeof import('asciichart');
  const chart = plot(series, {
    height: HEIGHT,
    colors: series.map((_, i) => marks[i % marks.length]),
    format: (value: number) => value.toFixed(4).padStart(AXIS - 2),
  });
  const lines = chart
    .replaceAll('\x1b[0m', '')
    .split('\n')

    .map((line) =>
      line.replace(/([\ue000-\ue005])(.)/g, (_, mark: string, c: string) => paints[marks.indexOf(mark)]!(c)),
    );
  const names = shown.map(({ name, values }, i) => paints[i % paints.length]!(`${name} ${values.at(-1)!.toFixed(4)}`));
  const { first, last, mark } = axis ?? { first: 'epoch 1', last: `${epochs}`, mark: undefined };
  const labels = `${' '.repeat(AXIS)}${first}${last.padStart(Math.max(last.length + 1, width - 1 - first.length))}`;
  const pointer = mark === undefined ? [] : [`${' '.repeat(AXIS + Math.round(mark * (width - 1)))}^`];
  const heading = `${title}: ${names.join(', ')}`;
  const fits = names.length === 1 || widthOf(heading) <= columns;
  return [fits ? heading : [`${title}:`, ...names].join('\n  '), ...lines, ...pointer, labels].join('\n');
}

/** Interpolates linearly to one value per column. */
function stretched(values: readonly number[], columns: number): number[] {
  if (values.length === 1) return new Array<number>(Math.max(2, columns)).fill(values[0]!);
  return Array.from({ length: Math.max(2, columns) }, (_, i) => {
    const at = (i * (values.length - 1)) / Math.max(1, columns - 1);
    const before = Math.min(values.length - 2, Math.floor(at));
    return values[before]! + (at - before) * (values[before + 1]! - values[before]!);
  });
}
