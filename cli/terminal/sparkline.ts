const BARS = [...'▁▂▃▄▅▆▇█'];

/**
 * Draws a curve as a row of bars, scaled to its minimum and maximum.
 * @param width the maximum number of bars; of a longer curve, the last values are shown
 */
export function sparkline(values: readonly (number | null)[], width = 20): string {
  const shown = values.slice(-width);
  const numbers = shown.filter((value): value is number => value !== null && Number.isFinite(value));
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return shown
    .map((value) => {
      if (value === null || !Number.isFinite(value)) return ' ';
      const height = most > least ? (value - least) / (most - least) : 0.5;
      return BARS[Math.min(BARS.length - 1, Math.floor(height * BARS.length))]!;
    })
    .join('');
}

/** Draws counts as a row of bars, scaled to the largest; nothing where nothing is, and something where anything is. */
export function histogramBars(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts.map((count) => (count === 0 ? ' ' : BARS[Math.ceil((count / most) * BARS.length) - 1]!)).join('');
}
