import { createRandom, type Random } from '../../random';

/** Points of the unit cube, row-major [n, d], and the value at each of them, [n]. */
export interface Points {
  readonly places: Float64Array;
  readonly values: Float64Array;
}

/** A box of the cube on which a tree is constant. */
interface Leaf {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly value: number;
}

/** Trees of a forest; fewer of many points, where they differ little. */
const treesFor = (points: number) => Math.max(4, Math.min(32, Math.floor(20_000 / points)));
/** The probability with which a split considers an axis. */
const CONSIDERED = 0.75;

/**
 * Functional analysis of variance (Hutter, Hoos and Leyton-Brown, An Efficient Approach for Assessing Hyperparameter
 * Importance, ICML 2014): regression trees are fitted to the points, and the variance of each tree over the cube is
 * divided among its coordinates, exactly, by averaging over all others. The shares are means over the trees.
 *
 * The trees are grown until each leaf has one value. Where the points are the centers of the cells of a grid, each tree
 * is the function itself, and the shares are exact.
 * @returns [d], adding up to at most 1: the rest is due to combinations; undefined when the values do not vary
 */
export function varianceShares({ places, values }: Points): number[] | undefined {
  const d = places.length / values.length;
  const rows = Array.from(values, (_, row) => row);
  const random = createRandom(0, 'sweep');
  const main = new Array<number>(d).fill(0);
  let counted = 0;
  for (let tree = treesFor(values.length); tree > 0; tree--) {
    const leaves: Leaf[] = [];
    const cube = { low: new Float64Array(d), high: new Float64Array(d).fill(1) };
    grow({ places, values, d, random, leaves }, rows, cube);
    const found = sharesOf(leaves, d);
    if (!found) continue;
    counted++;
    found.forEach((share, axis) => (main[axis]! += share));
  }
  return counted === 0 ? undefined : main.map((sum) => sum / counted);
}

interface Growing extends Points {
  readonly d: number;
  readonly random: Random;
  readonly leaves: Leaf[];
}

/** Splits a box where that lowers the squared error the most, until the values in it are equal. */
function grow(tree: Growing, rows: readonly number[], box: Pick<Leaf, 'low' | 'high'>): void {
  const split = bestSplit(tree, rows);
  if (!split) {
    tree.leaves.push({ ...box, value: rows.reduce((sum, row) => sum + tree.values[row]!, 0) / rows.length });
    return;
  }
  const { axis, at } = split;
  const isBelow = (row: number) => tree.places[row * tree.d + axis]! < at;
  const middle = { low: Float64Array.from(box.low), high: Float64Array.from(box.high) };
  middle.low[axis] = middle.high[axis] = at;
  const below = rows.filter(isBelow);
  const above = rows.filter((row) => !isBelow(row));
  grow(tree, below, { low: box.low, high: middle.high });
  grow(tree, above, { low: middle.low, high: box.high });
}

/** The best split along some of the axes, a new choice each time, so that trees differ where points are few. */
function bestSplit(tree: Growing, rows: readonly number[]): Split | undefined {
  const first = tree.values[rows[0]!]!;
  if (rows.every((row) => tree.values[row] === first)) return undefined;
  const axes = Array.from({ length: tree.d }, (_, axis) => axis);
  const chosen = axes.filter(() => tree.random.uniform() < CONSIDERED);
  return bestAlong(tree, rows, chosen) ?? bestAlong(tree, rows, axes);
}

interface Split {
  readonly axis: number;
  readonly at: number;
  /** The larger, the smaller the squared error that is left. */
  readonly gain: number;
}

function bestAlong({ places, values, d }: Growing, rows: readonly number[], axes: readonly number[]) {
  let best: Split | undefined;
  const total = rows.reduce((sum, row) => sum + values[row]!, 0);
  for (const axis of axes) {
    const place = (row: number) => places[row * d + axis]!;
    const sorted = [...rows].sort((a, b) => place(a) - place(b));
    let left = 0;
    for (let i = 1; i < sorted.length; i++) {
      left += values[sorted[i - 1]!]!;
      const [before, after] = [place(sorted[i - 1]!), place(sorted[i]!)];
      if (before === after) continue;
      const gain = left ** 2 / i + (total - left) ** 2 / (sorted.length - i);
      if (!best || gain > best.gain) best = { axis, at: (before + after) / 2, gain };
    }
  }
  return best;
}

/** The share of each axis in the variance of a function that is constant on boxes. */
function sharesOf(leaves: readonly Leaf[], d: number): number[] | undefined {
  const volumes = leaves.map(({ low, high }) => low.reduce((product, from, axis) => product * (high[axis]! - from), 1));
  const mean = leaves.reduce((sum, { value }, l) => sum + volumes[l]! * value, 0);
  const total = leaves.reduce((sum, { value }, l) => sum + volumes[l]! * (value - mean) ** 2, 0);
  if (!(total > 0)) return undefined;
  return Array.from({ length: d }, (_, axis) => {
    // The mean over all other axes is a staircase along this one: each box raises it between its ends.
    const steps = leaves.flatMap(({ low, high, value }, l) => {
      const height = ((value - mean) * volumes[l]!) / (high[axis]! - low[axis]!);
      return [
        { at: low[axis]!, by: height },
        { at: high[axis]!, by: -height },
      ];
    });
    steps.sort((a, b) => a.at - b.at);
    let variance = 0;
    let height = 0;
    steps.forEach(({ at, by }, i) => {
      height += by;
      variance += height ** 2 * ((steps[i + 1]?.at ?? at) - at);
    });
    return variance / total;
  });
}
