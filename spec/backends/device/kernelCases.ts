import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { adam } from '../../../src/optim/adam';

// What a backend computes beside TensorFlow.js's cpu backend, which computes in float64 and rounds once at the end of
// each kernel: random shapes, broadcasts, axes and special values.

/** A tensor as plain data. */
interface Given {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly values: readonly number[];
}

/** One call of a kernel: its operands, and how to make the call. */
interface Call {
  readonly operands: readonly Given[];
  readonly attributes: unknown;
}

/** A kernel, or a family of them, and what may be asked of it. */
export interface KernelCase {
  readonly name: string;
  readonly calls: fc.Arbitrary<Call>;
  readonly compute: (operands: tf.Tensor[], attributes: never) => tf.Tensor | tf.Tensor[];
  /** How far a result may be from the reference: in units of the last place of it, or of the sum of all magnitudes. */
  readonly tolerance?: number;
  /** Largest magnitude that errors are measured against; otherwise each result's own. */
  readonly scale?: (operands: readonly Given[]) => number;
}

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  -3.4e38,
  3.4e38,
  88.7,
  -87.4,
  0.5,
  2.5,
  -2.5,
  16_777_216,
];

const float = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }).map(Math.fround) },
  { weight: 1, arbitrary: fc.constantFrom(...SPECIAL).map(Math.fround) },
);
const finite = fc.double({ min: -4, max: 4, noNaN: true }).map(Math.fround);
const integer = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer());
const small = fc.integer({ min: -9, max: 9 });
const bool = fc.integer({ min: 0, max: 1 });

const size = (shape: readonly number[]) => shape.reduce((product, one) => product * one, 1);

/** Mostly small, sometimes large enough for several threads and for whole vectors with a rest. */
const shape = (most = 4, least = 0) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: least, maxLength: most }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }))
        .map((pair): number[] => (least > 2 ? [2, ...pair] : pair)),
    },
  );

/** A tensor of a shape. Large ones repeat a few numbers: drawing a hundred thousand takes too long. */
function tensor(of: readonly number[], dtype: Given['dtype'], value: fc.Arbitrary<number>): fc.Arbitrary<Given> {
  const n = size(of);
  return fc.array(value, { minLength: Math.min(n, 61), maxLength: Math.min(n, 61) }).map((some) => ({
    shape: of,
    dtype,
    values: Array.from({ length: n }, (_, i) => some[(i * 7 + (i >> 8)) % some.length]!),
  }));
}

const VALUES = { float32: float, int32: integer, bool } as const;

const one = (dtype: Given['dtype'], value: fc.Arbitrary<number> = VALUES[dtype], most?: number, least?: number) =>
  shape(most, least).chain((of) => tensor(of, dtype, value));

/** Two shapes that broadcast: an axis of either may be 1 or missing. */
const pair = (dtype: Given['dtype'], value: fc.Arbitrary<number> = VALUES[dtype]) =>
  shape().chain((of) => {
    const narrowed = fc.array(fc.boolean(), { minLength: of.length, maxLength: of.length }).chain((ones) =>
      fc.integer({ min: 0, max: of.length }).map((from) => {
        const narrow = of.map((n, axis) => (ones[axis] ? 1 : n));
        // Leading axes of size 1 may be left out.
        const lead = narrow.findIndex((n) => n !== 1);
        return narrow.slice(Math.min(from, lead < 0 ? narrow.length : lead));
      }),
    );
    const either = fc.oneof(fc.constant(of), narrowed);
    return fc.tuple(either, either).chain(([a, b]) => fc.tuple(tensor(a, dtype, value), tensor(b, dtype, value)));
  });

const plain = (operands: fc.Arbitrary<readonly Given[]>): fc.Arbitrary<Call> =>
  operands.map((given) => ({ operands: given, attributes: undefined }));

const unary = (
  name: string,
  compute: (x: tf.Tensor) => tf.Tensor,
  value?: fc.Arbitrary<number>,
  tolerance = 4,
  dtype: Given['dtype'] = 'float32',
): KernelCase => ({
  name: dtype === 'float32' ? name : `${name} of ${dtype}`,
  calls: plain(one(dtype, value).map((x) => [x])),
  compute: ([x]) => compute(x!),
  tolerance,
});

const binary = (
  name: string,
  compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  dtype: Given['dtype'] = 'float32',
  value?: fc.Arbitrary<number>,
  tolerance = 2,
): KernelCase => ({
  name: dtype === 'float32' ? name : `${name} of ${dtype}`,
  calls: plain(pair(dtype, value)),
  compute: ([a, b]) => compute(a!, b!),
  tolerance,
});

/** An axis, several, or all, and whether they stay as axes of size 1. */
const along = (x: fc.Arbitrary<Given>): fc.Arbitrary<Call> =>
  x.chain((given) =>
    fc
      .tuple(
        fc.subarray(
          given.shape.map((_, axis) => axis),
          { minLength: 0 },
        ),
        fc.boolean(),
      )
      .map(([axes, keepDims]) => ({
        operands: [given],
        attributes: { axes: axes.length > 0 ? axes : undefined, keepDims },
      })),
  );

const magnitude = (operands: readonly Given[]) =>
  operands.reduce((sum, { values }) => sum + values.reduce((part, value) => part + Math.abs(value), 0), 0);

type Reduce = (x: tf.Tensor, axes?: number[], keepDims?: boolean) => tf.Tensor;

const reduction = (name: string, reduce: Reduce, given: fc.Arbitrary<Given>, summed = false): KernelCase => ({
  name,
  calls: along(given),
  compute: ([x], { axes, keepDims }: { axes?: number[]; keepDims: boolean }) => reduce(x!, axes, keepDims),
  ...(summed && { scale: magnitude }),
  tolerance: summed ? 8 : 2,
});

/** Two matrices, perhaps with batch axes, stored either way round. */
const matrices: fc.Arbitrary<Call> = fc
  .record({
    m: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 12, 24, 25, 96, 257)),
    k: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 300, 1100)),
    n: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 10, 16, 32, 33, 130)),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    batch: fc.constantFrom<[number[], number[]]>([[], []], [[], []], [[], []], [[2], [2]], [[3], [1]], [[], [2, 2]]),
  })
  .chain(({ m, k, n, transposeA, transposeB, batch }) =>
    fc
      .tuple(
        tensor([...batch[0], ...(transposeA ? [k, m] : [m, k])], 'float32', finite),
        tensor([...batch[1], ...(transposeB ? [n, k] : [k, n])], 'float32', finite),
      )
      .map((operands) => ({ operands, attributes: { transposeA, transposeB, k } })),
  );

/** A part of a tensor. */
const parts: fc.Arbitrary<Call> = fc
  .constantFrom<Given['dtype']>('float32', 'int32', 'bool')
  .chain((dtype) => one(dtype, VALUES[dtype], 4, 1))
  .chain((x) =>
    fc
      .tuple(
        ...x.shape.map((n) =>
          fc
            .integer({ min: 0, max: n - 1 })
            .chain((begin) => fc.tuple(fc.constant(begin), fc.integer({ min: 1, max: n - begin }))),
        ),
      )
      .map((ranges) => ({ operands: [x], attributes: ranges })),
  );

const anyType = fc
  .constantFrom<Given['dtype']>('float32', 'int32', 'bool')
  .chain((dtype) => one(dtype, VALUES[dtype], 4, 1));

const permuted: fc.Arbitrary<Call> = anyType.chain((x) =>
  fc
    .shuffledSubarray(
      x.shape.map((_, axis) => axis),
      { minLength: x.shape.length },
    )
    .map((axes) => ({ operands: [x], attributes: axes })),
);

const gathered: fc.Arbitrary<Call> = anyType.chain((x) =>
  fc.integer({ min: 0, max: x.shape.length - 1 }).chain((axis) =>
    shape(2).chain((of) =>
      tensor(of, 'int32', fc.integer({ min: 0, max: x.shape[axis]! - 1 })).map((rows) => ({
        operands: [x, rows],
        attributes: axis,
      })),
    ),
  ),
);

/** Tensors that differ in one axis only. */
const joined: fc.Arbitrary<Call> = anyType.chain((x) =>
  fc.integer({ min: 0, max: x.shape.length - 1 }).chain((axis) =>
    fc
      .array(
        fc.integer({ min: 1, max: 4 }).chain((n) => tensor(x.shape.with(axis, n), x.dtype, VALUES[x.dtype])),
        { minLength: 1, maxLength: 3 },
      )
      .map((others) => ({ operands: [x, ...others], attributes: axis })),
  ),
);

const comparisons = {
  equal: tf.equal,
  notEqual: tf.notEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
};
const positive = fc.double({ min: 1e-3, max: 100, noNaN: true }).map(Math.fround);

/** Every kernel that the backend offers, against its definition. */
export const KERNEL_CASES: readonly KernelCase[] = [
  unary('abs', tf.abs, undefined, 0),
  unary('neg', tf.neg, undefined, 0),
  unary('square', tf.square, undefined, 1),
  unary('sqrt', tf.sqrt, undefined, 1),
  unary('rsqrt', tf.rsqrt, positive, 2),
  unary('reciprocal', tf.reciprocal, undefined, 1),
  unary('exp', tf.exp),
  unary('expm1', tf.expm1),
  unary('log', tf.log),
  unary('log1p', tf.log1p),
  unary('sin', tf.sin, finite),
  unary('cos', tf.cos, finite, 8),
  unary('tanh', tf.tanh),
  { ...unary('erf', tf.erf, finite, 2), scale: () => 1 }, // the reference's own formula is good to 1e-7
  unary('sigmoid', tf.sigmoid),
  unary('relu', tf.relu, undefined, 0),
  unary('floor', tf.floor, undefined, 0),
  unary('ceil', tf.ceil, undefined, 0),
  unary('round', tf.round, undefined, 0),
  unary('sign', tf.sign, undefined, 0),
  unary('step', (x) => tf.step(x), undefined, 0),
  unary('step with a slope', (x) => tf.step(x, 0.25), undefined, 0),
  unary('leakyRelu', (x) => tf.leakyRelu(x, 0.1), undefined, 1),
  unary('clipByValue', (x) => tf.clipByValue(x, -1, 2), finite, 0),
  unary('isNaN', tf.isNaN, undefined, 0),
  unary('isFinite', tf.isFinite, undefined, 0),
  unary('isInf', tf.isInf, undefined, 0),
  unary('abs', tf.abs, small, 0, 'int32'),
  unary('neg', tf.neg, undefined, 0, 'int32'),
  unary('square', tf.square, small, 0, 'int32'),
  unary('sign', tf.sign, undefined, 0, 'int32'),
  unary('logicalNot', tf.logicalNot, undefined, 0, 'bool'),
  ...(['float32', 'int32', 'bool'] as const).flatMap((from) =>
    (['float32', 'int32', 'bool'] as const).map((to) =>
      unary(
        `cast to ${to}`,
        (x) => tf.cast(x, to),
        from === 'float32' ? fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(Math.fround) : VALUES[from],
        0,
        from,
      ),
    ),
  ),

  binary('add', tf.add),
  binary('sub', tf.sub),
  binary('mul', tf.mul),
  binary('div', tf.div),
  binary('floorDiv', tf.floorDiv, 'float32', positive, 0),
  binary('pow', tf.pow, 'float32', positive, 16),
  binary('maximum', tf.maximum, 'float32', undefined, 0),
  binary('minimum', tf.minimum, 'float32', undefined, 0),
  binary('squaredDifference', tf.squaredDifference),
  binary('prelu', (a, b) => tf.prelu(a, b)),
  ...(['add', 'sub'] as const).map((name) => ({
    // A multiple waits for the sum that takes it.
    ...binary(`${name} of multiples`, (a, b) => tf[name](tf.mul(a, 0.25), tf.mul(3, b)), 'float32', finite),
    scale: () => 16,
  })),
  {
    ...unary(
      'a multiple whose operand is gone',
      (x) => tf.tidy(() => tf.add(tf.mul(tf.square(x), 3), tf.mul(x, 2))),
      finite,
    ),
    scale: () => 64,
  },
  binary('add', tf.add, 'int32', small, 0),
  binary('sub', tf.sub, 'int32', small, 0),
  binary('mul', tf.mul, 'int32', small, 0),
  binary('maximum', tf.maximum, 'int32', undefined, 0),
  binary('minimum', tf.minimum, 'int32', undefined, 0),
  binary('floorDiv', tf.floorDiv, 'int32', fc.integer({ min: 1, max: 40 }), 0),
  ...Object.entries(comparisons).flatMap(([name, compare]) => [
    binary(name, compare, 'float32', undefined, 0),
    binary(name, compare, 'int32', small, 0),
  ]),
  binary('logicalAnd', tf.logicalAnd, 'bool'),
  binary('logicalOr', tf.logicalOr, 'bool'),
  {
    name: 'where',
    calls: shape(3, 1).chain((of) =>
      plain(fc.tuple(tensor(of, 'bool', bool), tensor(of, 'float32', float), tensor(of, 'float32', float))),
    ),
    compute: ([condition, a, b]) => tf.where(condition!, a!, b!),
    tolerance: 0,
  },
  {
    name: 'addN',
    calls: shape().chain((of) => plain(fc.array(tensor(of, 'float32', finite), { minLength: 1, maxLength: 4 }))),
    compute: (tensors) => tf.addN(tensors),
    scale: () => 16,
  },

  reduction('sum', tf.sum, one('float32', finite), true),
  reduction('sum of special values', tf.sum, one('float32', fc.constantFrom(1, 2, NaN, Infinity), 2)),
  reduction('mean', tf.mean, one('float32', finite), true),
  reduction('prod', tf.prod, one('float32', fc.constantFrom(-1, 1, 0.5, 2), 2)),
  reduction('max', tf.max, one('float32')),
  reduction('min', tf.min, one('float32')),
  reduction('sum of int32', tf.sum, one('int32', small)),
  reduction('mean of int32', tf.mean, one('int32', small), true),
  reduction('max of int32', tf.max, one('int32', small)),
  reduction('min of int32', tf.min, one('int32', small)),
  reduction('all', tf.all, one('bool')),
  reduction('any', tf.any, one('bool')),
  ...(['argMax', 'argMin'] as const).map((name): KernelCase => ({
    name,
    calls: one('float32', fc.integer({ min: -3, max: 3 }), 3, 1).chain((x) =>
      fc.integer({ min: 0, max: x.shape.length - 1 }).map((axis) => ({ operands: [x], attributes: axis })),
    ),
    compute: ([x], axis: number) => tf[name](x!, axis),
    tolerance: 0,
  })),
  {
    name: 'softmax',
    calls: plain(one('float32', finite, 3, 1).map((x) => [x])),
    compute: ([x]) => tf.softmax(x!),
    tolerance: 32,
  },
  {
    name: 'batchNorm',
    calls: one('float32', finite, 3, 1).chain((x) => {
      const row = [x.shape.at(-1)!];
      const any = tensor(row, 'float32', finite);
      const wide = tensor(row, 'float32', fc.double({ min: 0.25, max: 100, noNaN: true }).map(Math.fround));
      return plain(fc.tuple(fc.constant(x), any, wide, any, any));
    }),
    compute: (given) => {
      const [x, mean, variance, offset, scale] = given as [tf.Tensor2D, ...tf.Tensor1D[]];
      return [tf.batchNorm(x, mean!, variance!, offset, scale), tf.batchNorm(x, mean!, variance!)];
    },
    scale: () => 64, // (4 + 4) / √0.25 · 4
    tolerance: 4,
  },
  {
    name: 'a step of adam',
    calls: one('float32', finite, 3, 1).chain((W) => {
      const any = tensor(W.shape, 'float32', finite);
      // A mean square is not negative; where it is 0, the step is as long as ε allows.
      const squares = tensor(W.shape, 'float32', fc.double({ min: 0.25, max: 4, noNaN: true }).map(Math.fround));
      return plain(fc.tuple(fc.constant(W), any, any, squares));
    }),
    compute: ([W, dW, mean, meanSquare]) => {
      const state = { mean: [mean!], meanSquare: [meanSquare!] };
      const step = adam().update({ params: [W!], grads: [dW!], decays: [true], lr: 0.5, step: 2 }, state);
      return [step.params![0]!, step.state!.mean[0]!, step.state!.meanSquare[0]!];
    },
    scale: () => 64,
    tolerance: 4,
  },
  {
    name: 'matMul',
    calls: matrices,
    compute: ([a, b], { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }) =>
      tf.matMul(a!, b!, transposeA, transposeB),
    scale: ([a]) => 16 * a!.shape.reduce((largest, n) => Math.max(largest, n), 1),
    tolerance: 4,
  },

  {
    name: 'slice',
    calls: parts,
    compute: ([x], ranges: [number, number][]) =>
      tf.slice(
        x!,
        ranges.map(([begin]) => begin),
        ranges.map(([, n]) => n),
      ),
    tolerance: 0,
  },
  { name: 'transpose', calls: permuted, compute: ([x], axes: number[]) => tf.transpose(x!, axes), tolerance: 0 },
  {
    name: 'reverse',
    calls: along(one('float32', float, 4, 1)),
    compute: ([x], { axes }: { axes?: number[] }) => tf.reverse(x!, axes),
    tolerance: 0,
  },
  {
    name: 'tile',
    calls: one('float32', float, 3, 1).chain((x) =>
      fc
        .array(fc.integer({ min: 1, max: 3 }), { minLength: x.shape.length, maxLength: x.shape.length })
        .map((reps) => ({ operands: [x], attributes: reps })),
    ),
    compute: ([x], reps: number[]) => tf.tile(x!, reps),
    tolerance: 0,
  },
  {
    name: 'pad',
    calls: one('float32', float, 3, 1).chain((x) =>
      fc
        .array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })), {
          minLength: x.shape.length,
          maxLength: x.shape.length,
        })
        .map((paddings) => ({ operands: [x], attributes: paddings })),
    ),
    compute: ([x], paddings: [number, number][]) => tf.pad(x!, paddings, 1.5),
    tolerance: 0,
  },
  { name: 'concat', calls: joined, compute: (tensors, axis: number) => tf.concat(tensors, axis), tolerance: 0 },
  {
    name: 'stack',
    calls: shape(3).chain((of) =>
      fc
        .integer({ min: 0, max: of.length })
        .chain((axis) =>
          fc
            .array(tensor(of, 'float32', float), { minLength: 1, maxLength: 3 })
            .map((operands) => ({ operands, attributes: axis })),
        ),
    ),
    compute: (tensors, axis: number) => tf.stack(tensors, axis),
    tolerance: 0,
  },
  {
    name: 'unstack',
    calls: one('float32', float, 3, 1).chain((x) =>
      fc.integer({ min: 0, max: x.shape.length - 1 }).map((axis) => ({ operands: [x], attributes: axis })),
    ),
    compute: ([x], axis: number) => tf.unstack(x!, axis),
    tolerance: 0,
  },
  { name: 'gather', calls: gathered, compute: ([x, rows], axis: number) => tf.gather(x!, rows!, axis), tolerance: 0 },
  {
    name: 'oneHot',
    calls: fc
      .tuple(
        one('int32', fc.integer({ min: -2, max: 12 }), 2, 1),
        fc.integer({ min: 2, max: 11 }),
        fc.constantFrom('float32', 'int32'),
      )
      .map(([indices, depth, dtype]) => ({ operands: [indices], attributes: { depth, dtype } })),
    compute: ([indices], { depth, dtype }: { depth: number; dtype: 'float32' | 'int32' }) =>
      tf.oneHot(indices!, depth, 3, -1, dtype),
    tolerance: 0,
  },
  {
    name: 'fill',
    calls: shape().map((of) => ({ operands: [], attributes: of })),
    compute: (_, of: number[]) => [
      tf.fill(of, 2.5),
      tf.fill(of, 7, 'int32'),
      tf.onesLike(tf.zeros(of, 'bool')),
      tf.zerosLike(tf.ones(of)),
    ],
    tolerance: 0,
  },
  {
    name: 'range',
    calls: fc.tuple(small, small, fc.constantFrom(1, 2, 3)).map((attributes) => ({ operands: [], attributes })),
    compute: (_, [start, stop, step]: [number, number, number]) =>
      tf.range(start, stop, stop < start ? -1 : step, 'int32'),
    tolerance: 0,
  },
];

/**
 * Holds a backend against the cpu backend on random calls of one kernel.
 * @param backend registered with TensorFlow.js, as is `cpu`
 * @throws fast-check's error, with the smallest call that differs
 */
export async function checkKernel(kernel: KernelCase, backend: string, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(kernel.calls, async (call) => {
    const expected = await computeOn('cpu', kernel, call);
    const found = await computeOn(backend, kernel, call);
    const scale = kernel.scale?.(call.operands);
    const difference = firstDifference(found, expected, kernel.tolerance ?? 2, scale);
    if (difference) throw new Error(difference);
  });
  await fc.assert(property, { numRuns, seed: 20_261_126 });
}

/**
 * What a backend computes for the same random calls of every kernel, as a digest for each:
 * two that are equal came to the same bytes.
 */
export async function kernelBytes(backend: string, numRuns: number): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const kernel of KERNEL_CASES) {
    const digest = createHash('sha256');
    for (const call of fc.sample(kernel.calls, { numRuns, seed: 20_261_126 })) {
      for (const { values } of await computeOn(backend, kernel, call)) digest.update(values as Uint8Array);
    }
    digests[kernel.name] = digest.digest('hex');
  }
  return digests;
}

interface Computed {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: ArrayLike<number>;
}

async function computeOn(backend: string, kernel: KernelCase, { operands, attributes }: Call): Promise<Computed[]> {
  await tf.setBackend(backend);
  const results = tf.tidy(() => {
    const tensors = operands.map(({ shape, dtype, values }) => tf.tensor([...values], [...shape], dtype));
    const result = kernel.compute(tensors, attributes as never);
    return Array.isArray(result) ? result : [result];
  });
  const computed = await Promise.all(
    results.map(async (result) => ({ shape: result.shape, dtype: result.dtype, values: await result.data() })),
  );
  tf.dispose(results);
  return computed;
}

function firstDifference(
  found: readonly Computed[],
  expected: readonly Computed[],
  ulps: number,
  scale?: number,
): string | undefined {
  for (const [i, reference] of expected.entries()) {
    const { shape, dtype, values } = found[i]!;
    if (shape.join() !== reference.shape.join())
      return `shape [${shape.join()}] instead of [${reference.shape.join()}]`;
    if (dtype !== reference.dtype) return `type ${dtype} instead of ${reference.dtype}`;
    if (values.length !== reference.values.length)
      return `${values.length} numbers instead of ${reference.values.length}`;
    for (let j = 0; j < values.length; j++) {
      const value = values[j]!;
      // The reference may keep a number more exactly than its type has it.
      const wanted = dtype === 'float32' ? Math.fround(reference.values[j]!) : reference.values[j]!;
      if (value === wanted || (Number.isNaN(value) && Number.isNaN(wanted))) continue;
      // A number of float32 has 24 bits; below 2^-126 they become fewer.
      const unit = Math.max((scale ?? Math.abs(wanted)) * 2 ** -23, 2 ** -149);
      if (!(Math.abs(value - wanted) <= ulps * unit))
        return `${value} instead of ${wanted} at ${j} of [${shape.join()}]`;
    }
  }
  return undefined;
}
