/** How binary kernels loop over two operands: a matrix of cells, and the strides of each operand. */
export interface Broadcast {
  readonly rows: number;
  readonly cols: number;
  /** Steps in an operand from one row to the next and from one column to the next; 0 repeats it. */
  readonly aRow: number;
  readonly aCol: number;
  readonly bRow: number;
  readonly bCol: number;
}

/**
 * How two shapes broadcast to `shape`, as a matrix: adjacent axes that both operands have, or that the same one
 * repeats, are merged. Undefined if more than two remain: such an operand has to be repeated beforehand.
 */
export function broadcastAsMatrix(
  a: readonly number[],
  b: readonly number[],
  shape: readonly number[],
): Broadcast | undefined {
  if (sameShape(a, b)) return { rows: 1, cols: sizeOf(a), aRow: 0, aCol: 1, bRow: 0, bCol: 1 };
  const groups: { size: number; a: boolean; b: boolean }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const runs = (one: readonly number[]) => (one[axis - shape.length + one.length] ?? 1) === size;
    const [alongA, alongB] = [runs(a), runs(b)];
    const last = groups.at(-1);
    if (last?.a === alongA && last.b === alongB) last.size *= size;
    else groups.push({ size, a: alongA, b: alongB });
  });
  if (groups.length > 2) return undefined;
  const cols = groups.pop() ?? { size: 1, a: true, b: true };
  const rows = groups.pop() ?? { size: 1, a: false, b: false };
  return {
    rows: rows.size,
    cols: cols.size,
    aRow: rows.a ? (cols.a ? cols.size : 1) : 0,
    aCol: cols.a ? 1 : 0,
    bRow: rows.b ? (cols.b ? cols.size : 1) : 0,
    bCol: cols.b ? 1 : 0,
  };
}

/** The shape that two shapes broadcast to. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [m, n] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (m !== n && m !== 1 && n !== 1) {
      throw new Error(`Operands could not be broadcast together with shapes ${a.join()} and ${b.join()}.`);
    }
    return m === 1 ? n : m;
  });
}

/** A tensor as a reduction sees it: [outer, size, inner], reduced over the middle axis. */
export interface Reduction {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** The reduced axes merged; undefined if others are between them: the tensor has to be transposed beforehand. */
export function reductionOf(shape: readonly number[], axes: readonly number[]): Reduction | undefined {
  const long = shape.map((size, axis) => ({ size, goes: axes.includes(axis) })).filter(({ size }) => size !== 1);
  const first = long.findIndex(({ goes }) => goes);
  if (first < 0) return { outer: sizeOf(shape), size: 1, inner: 1 };
  const count = long.filter(({ goes }) => goes).length;
  const middle = long.slice(first, first + count);
  if (!middle.every(({ goes }) => goes)) return undefined;
  const product = (part: typeof long) => part.reduce((size, one) => size * one.size, 1);
  return { outer: product(long.slice(0, first)), size: product(middle), inner: product(long.slice(first + count)) };
}

/** How many numbers a tensor has. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const one of shape) size *= one;
  return size;
}

/** The row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
