import type { Picture } from './png';

/** Larger pictures show no more on a screen. */
const MOST_PIXELS = 1000;

/**
 * A large confusion matrix as a picture: a pixel for each pair of classes, or for a block of pairs. White for none,
 * blue for right answers, orange for mistakes, by the square root of the share of their row, so that small ones are
 * seen.
 * @param confusion [k][k] counts, true class by predicted class
 */
export function confusionGrid(confusion: readonly (readonly number[])[]): Picture {
  const block = Math.ceil(confusion.length / MOST_PIXELS);
  const size = Math.ceil(confusion.length / block);
  const shares = { right: new Float64Array(size * size), wrong: new Float64Array(size * size) };
  confusion.forEach((row, truth) => {
    const support = row.reduce((sum, count) => sum + count, 0) || 1;
    row.forEach((count, predicted) => {
      const at = Math.floor(truth / block) * size + Math.floor(predicted / block);
      shares[truth === predicted ? 'right' : 'wrong'][at]! += count / support / block;
    });
  });
  const pixels = new Uint8Array(size * size * 3).fill(255);
  for (let at = 0; at < size * size; at++) {
    const wrong = shares.wrong[at]! > shares.right[at]!;
    const share = Math.min(1, Math.max(shares.wrong[at]!, shares.right[at]!));
    const color = wrong ? [197, 90, 0] : [0, 84, 159];
    if (share > 0)
      color.forEach((end, c) => (pixels[3 * at + c] = 255 + (end - 255) * (0.25 + 0.75 * Math.sqrt(share))));
  }
  return { width: size, height: size, channels: 3, pixels };
}
