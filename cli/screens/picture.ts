import { visibleName } from '../../src/words';
import type { Colors } from '../terminal/terminal';
import { widthOf } from '../terminal/text';

/** From dark to bright, for terminals without colors. */
const RAMP = ' .:-=+*#%@';
/** The maximum width in columns; wider images are downsampled. */
const MOST_COLUMNS = 40;

/**
 * Draws a grayscale image in characters, two vertical pixels per character: with colors if the terminal has them,
 * otherwise as a ramp from blank to @.
 * @param pixels [height x width] from 0 to 255
 * @returns its lines
 */
export function pictureLines(
  pixels: ArrayLike<number>,
  [height, width]: readonly [number, number],
  colors: Colors,
): string[] {
  const step = Math.max(1, Math.ceil(width / MOST_COLUMNS));
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)];
  const at = (row: number, column: number) => (row < rows ? pixels[row * step * width + column * step]! : 0);
  if (!colors.isColorSupported) {
    return Array.from({ length: Math.ceil(rows / 2) }, (_, half) =>
      Array.from({ length: columns }, (_, column) => {
        const value = (at(2 * half, column) + at(2 * half + 1, column)) / (2 * half + 1 < rows ? 2 : 1);
        return RAMP[Math.min(RAMP.length - 1, Math.floor((value * RAMP.length) / 256))]!;
      }).join(''),
    );
  }
  return Array.from({ length: Math.ceil(rows / 2) }, (_, half) => {
    const cells = Array.from({ length: columns }, (_, column) => {
      const [top, bottom] = [at(2 * half, column), at(2 * half + 1, column)];
      return `\x1b[38;5;${gray(top)};48;5;${gray(bottom)}m▀`;
    });
    return `${cells.join('')}\x1b[0m`;
  });
}

/** The nearest of the 24 grays in the 256-color palette. */
function gray(value: number): number {
  return 232 + Math.min(23, Math.floor((value * 24) / 256));
}

const BAR = 24;

/** Classes with their probabilities as bars, in aligned columns. @param width the width that they should fit into */
export function barLines(
  top: readonly { readonly name: string; readonly probability: number }[],
  colors: Colors,
  width: number,
): string[] {
  const names = top.map(({ name }) => visibleName(name));
  const wide = Math.max(...names.map((name) => name.length));
  // Two spaces, a space, and the number.
  const most = Math.max(4, Math.min(BAR, width - wide - 9));
  return top.map(({ probability }, i) => {
    const full = Math.round(most * probability);
    const bar = `${colors.cyan('█'.repeat(full))}${colors.dim('░'.repeat(most - full))}`;
    const label = names[i]!.padEnd(wide);
    return `${i === 0 ? colors.bold(label) : label}  ${bar} ${(100 * probability).toFixed(1).padStart(5)}%`;
  });
}

/** Two blocks of lines side by side, two spaces apart and centered on each other. */
export function besideEachOther(left: readonly string[], right: readonly string[]): string[] {
  const blank = ' '.repeat(widthOf(left.join('\n')));
  const height = Math.max(left.length, right.length);
  const at = (lines: readonly string[], i: number) => lines[i - Math.floor((height - lines.length) / 2)];
  return Array.from({ length: height }, (_, i) => `${at(left, i) ?? blank}  ${at(right, i) ?? ''}`.trimEnd());
}
