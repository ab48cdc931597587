const BARS = [...'▁▂▃▄▅▆▇█'];

/**
 * A curve as a row of bars, as high as its values lie between its own least and greatest.
 * @param width the most bars; a longer curve shows its last values
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
