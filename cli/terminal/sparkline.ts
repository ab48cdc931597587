const BARS = [...'▁▂▃▄▅▆▇█'];

/**
 * Draws a curve as a row of bars, scaled to its minimum and maximum.
 * @param width the maximum number of bars; of a longer curve, the last values are shown
 * @param scale the minimum and maximum of several curves that are compared
 */
export function sparkline(
  values: readonly (number | null)[],
  width = 20,
  scale?: readonly [least: number, most: number],
): string {
  const shown = values.slice(-width);
  const [least, most] = scale ?? rangeOf(shown);
  return shown
    .map((value) => {
      if (value === null || !Number.isFinite(value)) return ' ';
      const height = most > least ? (value - least) / (most - least) : 0.5;
      return BARS[Math.min(BARS.length - 1, Math.floor(height * BARS.length))]!;
    })
    .join('');
}

/** The smallest and the largest finite value. */
export function rangeOf(values: readonly (number | null)[]): readonly [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  return [least, most];
}

/** Draws counts as a row of bars, scaled to the largest; nothing where nothing is, and something where anything is. */
export function histogramBars(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts.map((count) => (count === 0 ? ' ' : BARS[Math.ceil((count / most) * BARS.length) - 1]!)).join('');
}
