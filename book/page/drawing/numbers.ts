/** A number with three significant digits, or more where it is whole: 0.0123, −4.56, 1.23e−5, 20000. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value).replace('-', '−');
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toPrecision(3);
  return text.replace(/^-/, '−').replace('e-', 'e−').replace('e+', 'e');
}

/** A number with as many digits as a float32 has. */
export function showAll(value: number): string {
  return value.toPrecision(7).replace('-', '−');
}

/** 12.3% */
export const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

/** The largest absolute value. */
export function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]!));
  return found;
}

/** One row of a matrix. */
export function rowOf(matrix: Float32Array, row: number, columns: number): Float32Array {
  return matrix.subarray(row * columns, (row + 1) * columns);
}

/** Round numbers, about so many, from `least` to `most`. */
export function ticks(least: number, most: number, about = 4): number[] {
  const span = most - least;
  if (!(span > 0) || !Number.isFinite(span)) return [least];
  const power = 10 ** Math.floor(Math.log10(span / about));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => span / size <= about)!;
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(most / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
