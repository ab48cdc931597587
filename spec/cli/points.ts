import { writeFileSync } from 'node:fs';
import { createRandom } from '../../src/random';

/** A CSV of three classes of points in the plane, which a small network learns in a second. */
export function writePoints(file: string, rows = 150): string {
  const random = createRandom(1, 'split');
  const lines = Array.from({ length: rows }, (_, i) => {
    const at = i % 3;
    const [x, y] = [at + random.normal(0, 0.1), at * at + random.normal(0, 0.1)];
    return `${['ant', 'bee', 'cat'][at]},${x.toFixed(4)},${y.toFixed(4)}`;
  });
  writeFileSync(file, `species,x,y\n${lines.join('\n')}\n`);
  return file;
}
