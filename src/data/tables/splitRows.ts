import { HandgradError } from '../../errors';
import { permutation, type Random } from '../../random';
import { plural } from '../../words';

/** What a split of rows takes into account, each [count]: one of the three, or nothing. */
export interface SplitBy {
  /** Classes: every part gets its share of each. */
  readonly classes?: Int32Array;
  /** Groups, such as patients: the rows of one stay together. */
  readonly groups?: Int32Array;
  /** Times: the later part is drawn. */
  readonly times?: ArrayLike<number>;
}

/** Two parts of some rows, each in the order of the table. */
export interface Parts {
  readonly kept: Int32Array;
  readonly drawn: Int32Array;
}

/**
 * Draws a part of the rows: round(rows · fraction) of them, stratified by class; whole groups, as near to that as they
 * come; or the latest. The only row of a class is never drawn, if others are: what is drawn judges what is learned from
 * the rest.
 * @param rows positions in the table
 * @throws HandgradError 'data' when a part is empty
 */
export function drawRows(rows: Int32Array, fraction: number, by: SplitBy, random: Random): Parts {
  if (fraction === 0) return { kept: rows, drawn: new Int32Array(0) };
  const lone = loneRows(rows, by);
  if (lone.size === 0 || lone.size === rows.length) {
    const [kept, drawn] = foldRows(rows, [1 - fraction, fraction], by, random) as [Int32Array, Int32Array];
    return { kept, drawn };
  }
  const others = rows.filter((row) => !lone.has(row));
  // At least one of them is drawn, however few they are.
  const share = Math.max(fraction, 1 / others.length);
  const parts = stratified(others, [1 - share, share], by.classes, random) as [Int32Array, Int32Array];
  return { kept: Int32Array.from([...lone, ...parts[0]]).sort(), drawn: parts[1].sort() };
}

/** The rows whose class no other row has, of a split by class. */
function loneRows(rows: Int32Array, { classes, groups, times }: SplitBy): ReadonlySet<number> {
  if (!classes || groups || times) return new Set();
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(classes[row]!, (counts.get(classes[row]!) ?? 0) + 1);
  return new Set(rows.filter((row) => counts.get(classes[row]!) === 1));
}

/**
 * Divides rows into parts.
 * @param shares of the parts; they sum to 1
 * @throws HandgradError 'data' when a part is empty
 */
export function foldRows(
  rows: Int32Array,
  shares: readonly number[],
  { classes, groups, times }: SplitBy,
  random: Random,
): Int32Array[] {
  const parts = times
    ? consecutive(
        rows.toSorted((a, b) => times[a]! - times[b]! || a - b),
        shares,
      )
    : groups
      ? wholeGroups(rows, shares, groups, random)
      : stratified(rows, shares, classes, random);
  const empty = parts.findIndex(({ length }) => length === 0);
  if (empty < 0) return parts.map((part) => part.sort());
  const sizes = parts.map(({ length }) => length).join(', ');
  const unit = groups ? plural(new Set(rows.map((row) => groups[row]!)).size, 'group') : plural(rows.length, 'row');
  throw new HandgradError(
    'data',
    `${unit} cannot be split into parts of ${shares.map((share) => Number(share.toFixed(3))).join(', ')}: ` +
      `they would have ${sizes} rows; use more rows, or other fractions.`,
  );
}

/** Parts of rows that come one after the other. */
function consecutive(rows: Int32Array, shares: readonly number[]): Int32Array[] {
  let sum = 0;
  const ends = shares.map((share) => Math.round((sum += share) * rows.length));
  return ends.map((end, i) => rows.slice(ends[i - 1] ?? 0, end));
}

/**
 * Every part gets its share of each class. The rows are put in order of class, at random within each, and dealt out one
 * by one to the part that is furthest behind: parts and classes both come out within one row of their share.
 */
function stratified(
  rows: Int32Array,
  shares: readonly number[],
  classes: Int32Array | undefined,
  random: Random,
): Int32Array[] {
  const order = permutation(random, rows.length).map((i) => rows[i]!);
  // Sorting is stable, so the rows of a class stay in random order.
  if (classes) order.sort((a, b) => classes[a]! - classes[b]!);
  const parts = shares.map((): number[] => []);
  order.forEach((row, dealt) => {
    const behind = shares.map((share, part) => share * (dealt + 1) - parts[part]!.length);
    parts[behind.indexOf(Math.max(...behind))]!.push(row);
  });
  return parts.map((part) => Int32Array.from(part));
}

/** Groups in random order, each to the part that is furthest behind. */
function wholeGroups(rows: Int32Array, shares: readonly number[], groups: Int32Array, random: Random): Int32Array[] {
  const members = new Map<number, number[]>();
  for (const row of rows) {
    const group = members.get(groups[row]!);
    if (group) group.push(row);
    else members.set(groups[row]!, [row]);
  }
  const all = [...members.values()];
  const parts = shares.map((): number[] => []);
  permutation(random, all.length).forEach((i, dealt) => {
    // The last groups are for the parts that have none yet.
    const empty = parts.filter(({ length }) => length === 0).length;
    const isOpen = (part: number) => empty < all.length - dealt || parts[part]!.length === 0;
    const behind = shares.map((share, part) => (isOpen(part) ? share * rows.length - parts[part]!.length : -Infinity));
    const part = parts[behind.indexOf(Math.max(...behind))]!;
    // One by one: a call takes only so many arguments.
    for (const row of all[i]!) part.push(row);
  });
  return parts.map((part) => Int32Array.from(part));
}
