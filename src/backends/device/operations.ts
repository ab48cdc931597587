import type {
  ArgMaxAttrs,
  BatchMatMulAttrs,
  CastAttrs,
  ClipByValueAttrs,
  ConcatAttrs,
  DataType,
  ExpandDimsAttrs,
  FillAttrs,
  FusedBatchNormAttrs,
  GatherV2Attrs,
  KernelFunc,
  LeakyReluAttrs,
  MaxAttrs,
  NamedAttrMap,
  OneHotAttrs,
  PackAttrs,
  PadV2Attrs,
  RangeAttrs,
  ReshapeAttrs,
  ReverseAttrs,
  SliceAttrs,
  SoftmaxAttrs,
  StepAttrs,
  SumAttrs,
  TensorInfo,
  TileAttrs,
  TransposeAttrs,
  UnpackAttrs,
} from '@tensorflow/tfjs-core';
import { core } from '../tensorflowJs';
import type { Address } from './device';
import type { DeviceBackend } from './deviceBackend';
import { broadcastAsMatrix, broadcastShape, reductionOf, sameShape, sizeOf, stridesOf } from './shapes';

// TensorFlow.js's kernels by those of kernels.cpp: shapes, types, broadcasting, and launches. The same for every
// device.

type Inputs = Record<string, TensorInfo>;
type Operation<A = NamedAttrMap> = (inputs: Inputs, attrs: A, backend: DeviceBackend) => TensorInfo | TensorInfo[];

/** The suffix of a kernel's name by type. */
const SUFFIX: Partial<Record<DataType, string>> = { float32: '', int32: 'Int', bool: 'Bool' };

/** Kernels by TensorFlow.js's name: `registerOperations` gives them to a backend. */
const OPERATIONS: Readonly<Record<string, Operation<never>>> = {
  Abs: unary('abs'),
  Ceil: unary('ceil'),
  Cos: unary('cos'),
  Erf: unary('erf'),
  Exp: unary('exp'),
  Expm1: unary('expm1'),
  Floor: unary('floor'),
  IsFinite: unary('isFinite', 'bool'),
  IsInf: unary('isInf', 'bool'),
  IsNan: unary('isNan', 'bool'),
  Log: unary('log'),
  Log1p: unary('log1p'),
  LogicalNot: unary('not'),
  Neg: unary('neg'),
  Reciprocal: unary('reciprocal'),
  Relu: unary('relu'),
  Round: unary('round'),
  Rsqrt: unary('rsqrt'),
  Sigmoid: unary('sigmoid'),
  Sign: unary('sign'),
  Sin: unary('sin'),
  Sqrt: unary('sqrt'),
  Square: unary('square'),
  Tanh: unary('tanh'),
  Step: withNumbers('step', ({ alpha }: StepAttrs) => [alpha]),
  LeakyRelu: withNumbers('leakyRelu', ({ alpha }: LeakyReluAttrs) => [alpha]),
  ClipByValue: withNumbers('clip', ({ clipValueMin, clipValueMax }: ClipByValueAttrs) => [clipValueMin, clipValueMax]),

  Add: binary('add'),
  Sub: binary('sub'),
  Multiply: binary('mul'),
  RealDiv: binary('div'),
  FloorDiv: binary('floorDiv', 'int32'),
  Pow: binary('pow'),
  Maximum: binary('maximum'),
  Minimum: binary('minimum'),
  SquaredDifference: binary('squaredDifference'),
  Prelu: ({ x, alpha }, _attrs, backend) => elementwise('prelu', x!, alpha!, backend),
  Equal: binary('equal', 'bool'),
  NotEqual: binary('notEqual', 'bool'),
  Less: binary('less', 'bool'),
  LessEqual: binary('lessEqual', 'bool'),
  Greater: binary('greater', 'bool'),
  GreaterEqual: binary('greaterEqual', 'bool'),
  LogicalAnd: binary('and', 'bool'),
  LogicalOr: binary('or', 'bool'),
  AddN: (inputs, _attrs, backend) => sumOfTensors(Object.values(inputs), backend),
  Select: select,

  Sum: reduction('sum', ({ axis, keepDims }: SumAttrs) => ({ axis, keepDims })),
  Mean: reduction('mean', ({ axis, keepDims }: SumAttrs) => ({ axis, keepDims })),
  Prod: reduction('prod', ({ axis, keepDims }: SumAttrs) => ({ axis, keepDims })),
  All: reduction('all', ({ axis, keepDims }: SumAttrs) => ({ axis, keepDims })),
  Any: reduction('any', ({ axis, keepDims }: SumAttrs) => ({ axis, keepDims })),
  Max: reduction('max', ({ reductionIndices, keepDims }: MaxAttrs) => ({ axis: reductionIndices, keepDims })),
  Min: reduction('min', ({ axis, keepDims }: SumAttrs) => ({ axis, keepDims })),
  ArgMax: ({ x }, { axis }: ArgMaxAttrs, backend) => placeOf('argMax', x!, axis, backend),
  ArgMin: ({ x }, { axis }: ArgMaxAttrs, backend) => placeOf('argMin', x!, axis, backend),
  Softmax: softmax,
  FusedBatchNorm: batchNorm,

  Identity: ({ x }, _attrs, backend) => backend.alias(x!, x!.shape),
  Reshape: ({ x }, { shape }: ReshapeAttrs, backend) => reshape(x!, shape, backend),
  ExpandDims: ({ input }, { dim }: ExpandDimsAttrs, backend) => {
    const shape = [...input!.shape];
    shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
    return backend.alias(input!, shape);
  },
  Cast: ({ x }, { dtype }: CastAttrs, backend) => cast(x!, dtype, backend),
  Fill: (_inputs, { shape, value, dtype }: FillAttrs, backend) =>
    filled(shape, Number(value), dtype ?? 'float32', backend),
  ZerosLike: ({ x }, _attrs, backend) => filled(x!.shape, 0, x!.dtype, backend),
  OnesLike: ({ x }, _attrs, backend) => filled(x!.shape, 1, x!.dtype, backend),
  Range: range,
  OneHot: oneHot,
  GatherV2: gather,
  Slice: slice,
  Reverse: reverse,
  Transpose: ({ x }, { perm }: TransposeAttrs, backend) => transpose(x!, perm, backend),
  Tile: tile,
  PadV2: pad,
  Concat: (inputs, { axis }: ConcatAttrs, backend) => concat(Object.values(inputs), axis, backend),
  Pack: pack,
  Unpack: unpack,
  BatchMatMul: matMul,
} satisfies Record<string, Operation<never>>;

/** The inputs of `SampleRows`, which makes a batch. See `training/batches.ts`. */
interface SampleRowsAttrs {
  /** All samples, [size, columns], as they are stored; neither they nor their labels [size] change. */
  readonly features: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  /** What a stored number is divided by. */
  readonly divisor: number;
  /** The rows of the batch: part of the order of a whole pass, which does not change either. */
  readonly rows: Int32Array;
}

/** The numbers of `AdamStep`. See `optim/adam.ts`. */
type AdamAttrs = Readonly<Record<'beta1' | 'beta2' | 'rate' | 'epsilon', number>>;

/**
 * Registers all kernels for a backend of TensorFlow.js.
 * @param backendName as it is, or will be, registered; its backend is a `DeviceBackend`
 */
export function registerOperations(backendName: string): void {
  const operations = {
    ...OPERATIONS,
    SampleRows: sampleRows as Operation<never>,
    AdamStep: adamStep as Operation<never>,
  };
  for (const [kernelName, operation] of Object.entries(operations)) {
    const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
      operation(inputs as Inputs, (attrs ?? {}) as never, backend as DeviceBackend);
    core().registerKernel({ kernelName, backendName, kernelFunc });
  }
}

function unary(name: string, result?: DataType): Operation {
  return ({ x }, _attrs, backend) => {
    // Operations that are constant or the identity on integers.
    if (x!.dtype === 'int32') {
      if (['floor', 'ceil', 'round'].includes(name)) return backend.alias(x!, x!.shape);
      if (result) return filled(x!.shape, name === 'isFinite' ? 1 : 0, 'bool', backend);
    }
    return applied(`${name}${suffixOf(name, x!, backend)}`, x!, [], result ?? x!.dtype, backend);
  };
}

function withNumbers<A>(name: string, numbers: (attrs: A) => readonly number[]): Operation<A> {
  return ({ x }, attrs, backend) => {
    if (x!.dtype === 'float32') return applied(name, x!, numbers(attrs), 'float32', backend);
    const float = cast(x!, 'float32', backend);
    try {
      return applied(name, float, numbers(attrs), 'float32', backend);
    } finally {
      backend.drop(float);
    }
  };
}

/** A kernel (x, numbers …, out, n). */
function applied(
  name: string,
  x: TensorInfo,
  numbers: readonly number[],
  dtype: DataType,
  backend: DeviceBackend,
): TensorInfo {
  const n = sizeOf(x.shape);
  const from = backend.address(x);
  const { info, address } = backend.output(x.shape, dtype);
  backend.device.launch(backend.kernel(name), n, 1, [from, ...numbers, address, n]);
  return info;
}

/** The suffix for the type of an operand, or an error that names both. */
function suffixOf(name: string, { dtype }: TensorInfo, backend: DeviceBackend): string {
  const suffix = SUFFIX[dtype];
  if (suffix !== undefined && backend.device.hasKernel(`${name}${suffix}`)) return suffix;
  throw new Error(`This backend has no kernel ${name} for tensors of type ${dtype}.`);
}

function binary(name: string, result?: DataType): Operation {
  return ({ a, b }, _attrs, backend) => elementwise(name, a!, b!, backend, result);
}

function elementwise(
  name: string,
  a: TensorInfo,
  b: TensorInfo,
  backend: DeviceBackend,
  result: DataType = a.dtype,
): TensorInfo {
  if (a.dtype === 'float32') {
    const short = name === 'mul' ? postponed(a, b, backend) : sumOfMultiples(name, a, b, backend);
    if (short) return short;
  }
  const shape = sameShape(a.shape, b.shape) ? a.shape : broadcastShape(a.shape, b.shape);
  const plan = broadcastAsMatrix(a.shape, b.shape, shape);
  if (!plan) {
    // One operand is repeated along axes that lie between others.
    const [wideA, wideB] = [repeated(a, shape, backend), repeated(b, shape, backend)];
    try {
      return elementwise(name, wideA, wideB, backend, result);
    } finally {
      backend.drop(wideA);
      backend.drop(wideB);
    }
  }
  const kernel = backend.kernel(`${name}${suffixOf(name, a, backend)}`);
  const { rows, cols, aRow, aCol, bRow, bCol } = plan;
  // At least one operand runs along a row, or there is one cell only.
  const [aNumber, bNumber] = cols === 1 ? [undefined, undefined] : [backend.constant(a), backend.constant(b)];
  const aAddress = aNumber === undefined ? backend.address(a) : 0;
  const bAddress = bNumber === undefined ? backend.address(b) : 0;
  const { info, address } = backend.output(shape, result);
  const values = [aAddress, aNumber ?? 0, aRow, aCol, bAddress, bNumber ?? 0, bRow, bCol, address, rows, cols];
  backend.device.launch(kernel, rows * cols, 1, values);
  return info;
}

/** From so many numbers on, saving a pass is worth it. */
const WORTH_POSTPONING = 1024;

/**
 * A large tensor times a number: usually a term of a sum, such as the step of an update rule, which then takes one
 * pass.
 */
function postponed(a: TensorInfo, b: TensorInfo, backend: DeviceBackend): TensorInfo | undefined {
  const [aNumber, bNumber] = [backend.constant(a), backend.constant(b)];
  if (bNumber !== undefined && aNumber === undefined && b.shape.length <= a.shape.length && isLong(a)) {
    return backend.multiple(a, bNumber);
  }
  if (aNumber !== undefined && bNumber === undefined && a.shape.length <= b.shape.length && isLong(b)) {
    return backend.multiple(b, aNumber);
  }
  return undefined;
}

const isLong = ({ shape }: TensorInfo) => sizeOf(shape) >= WORTH_POSTPONING;

/** A sum or difference of postponed multiples. */
function sumOfMultiples(name: string, a: TensorInfo, b: TensorInfo, backend: DeviceBackend): TensorInfo | undefined {
  if ((name !== 'add' && name !== 'sub') || !sameShape(a.shape, b.shape)) return undefined;
  const [left, right] = [backend.uncomputed(a), backend.uncomputed(b)];
  if (!left && !right) return undefined;
  const [aAddress, bAddress] = [left?.address ?? backend.address(a), right?.address ?? backend.address(b)];
  const bFactor = (right?.factor ?? 1) * (name === 'sub' ? -1 : 1);
  const n = sizeOf(a.shape);
  const { info, address } = backend.output(a.shape, 'float32');
  const values = [aAddress, left?.factor ?? 1, bAddress, bFactor, address, n];
  backend.device.launch(backend.kernel('sumOfMultiples'), n, 1, values);
  return info;
}

function adamStep({ W, dW, M, S }: Inputs, attrs: AdamAttrs, backend: DeviceBackend): TensorInfo[] {
  const { beta1, beta2, rate, epsilon } = attrs;
  const n = sizeOf(W!.shape);
  const from = [W!, dW!, M!, S!].map((tensor) => backend.address(tensor));
  const next = [W!, M!, S!].map(({ shape }) => backend.output(shape, 'float32'));
  const numbers = [beta1, 1 - beta1, beta2, 1 - beta2, rate, epsilon];
  const values = [...from, ...numbers, ...next.map(({ address }) => address), n];
  backend.device.launch(backend.kernel('adam'), n, 4, values);
  return next.map(({ info }) => info);
}

function sumOfTensors(tensors: readonly TensorInfo[], backend: DeviceBackend): TensorInfo {
  let sum = backend.alias(tensors[0]!, tensors[0]!.shape);
  for (const tensor of tensors.slice(1)) {
    const next = elementwise('add', sum, tensor, backend);
    backend.drop(sum);
    sum = next;
  }
  return sum;
}

function select({ condition, t, e }: Inputs, _attrs: NamedAttrMap, backend: DeviceBackend): TensorInfo {
  // A condition of fewer axes chooses whole rows.
  const ranks = t!.shape.length - condition!.shape.length;
  const aligned = backend.alias(condition!, [...condition!.shape, ...new Array<number>(Math.max(0, ranks)).fill(1)]);
  const wide = repeated(aligned, t!.shape, backend);
  const n = sizeOf(t!.shape);
  const { info, address } = backend.output(t!.shape, t!.dtype);
  const kernel = backend.kernel(t!.dtype === 'bool' ? 'selectBytes' : 'select');
  backend.device.launch(kernel, n, 1, [backend.address(wide), backend.address(t!), backend.address(e!), address, n]);
  backend.drop(wide);
  backend.drop(aligned);
  return info;
}

interface Axes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

function reduction<A>(name: string, read: (attrs: A) => Axes): Operation<A> {
  return ({ x }, attrs, backend) => {
    const { axis, keepDims } = read(attrs);
    const axes = core().util.parseAxisParam(axis, x!.shape);
    const kept = x!.shape.filter((_, i) => !axes.includes(i));
    const shape = keepDims ? x!.shape.map((size, i) => (axes.includes(i) ? 1 : size)) : kept;
    const inOrder = axesLast(x!, axes, backend);
    const numbers = name === 'mean' && inOrder.dtype !== 'float32' ? cast(inOrder, 'float32', backend) : inOrder;
    const middle = reductionOf(numbers.shape, axes.length === 0 ? [] : inOrder === x ? axes : lastAxes(numbers, axes));
    const result = reduced(name, numbers, middle!, shape, backend);
    if (numbers !== inOrder) backend.drop(numbers);
    if (inOrder !== x) backend.drop(inOrder);
    return result;
  };
}

const lastAxes = ({ shape }: TensorInfo, axes: readonly number[]) => axes.map((_, i) => shape.length - axes.length + i);

/** The tensor, transposed if necessary so that the axes are the last ones. */
function axesLast(x: TensorInfo, axes: readonly number[], backend: DeviceBackend): TensorInfo {
  if (reductionOf(x.shape, axes)) return x;
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return transpose(x, [...others, ...axes], backend);
}

/** The kernels that reduce a whole tensor in pieces. */
const STRIDED = new Set(['sum', 'max', 'min']);
/** A whole tensor is reduced to so many numbers, then to fewer, then to one, with few roundings each. */
const PIECES = 1024;
const FEWER_PIECES = 32;

function reduced(
  name: string,
  x: TensorInfo,
  { outer, size, inner }: { outer: number; size: number; inner: number },
  shape: readonly number[],
  backend: DeviceBackend,
): TensorInfo {
  const { device } = backend;
  const kernelName = name === 'mean' ? 'sum' : name;
  const divisor = name === 'mean' ? size : 1;
  const isFloat = x.dtype === 'float32';
  if (outer === 1 && inner === 1 && size > 2 * PIECES && isFloat && STRIDED.has(kernelName)) {
    const pieces = inPieces(x, size, PIECES);
    const fewer = inPieces(pieces, PIECES, FEWER_PIECES);
    const result = summed(fewer, 1, FEWER_PIECES, 1);
    backend.drop(pieces);
    backend.drop(fewer);
    return result;
  }
  return summed(x, outer, size, inner);

  function inPieces(from: TensorInfo, n: number, width: number): TensorInfo {
    const { info, address } = backend.output([width], 'float32');
    const values = [backend.address(from), address, n, width];
    device.launch(backend.kernel(`${kernelName}Strided`), width, n / width, values);
    return info;
  }

  function summed(from: TensorInfo, outer: number, size: number, inner: number): TensorInfo {
    const suffix = kernelName === 'all' || kernelName === 'any' ? '' : suffixOf(kernelName, from, backend);
    // If items are to cover few numbers each, a long axis is split first.
    const pieces = Math.ceil(size / device.longestReduction);
    if (pieces > 1 && isFloat && size % pieces === 0 && kernelName !== 'prod') {
      const partial = backend.output([outer, pieces, inner], from.dtype);
      device.launch(backend.kernel(kernelName), outer * pieces * inner, size / pieces, [
        backend.address(from),
        partial.address,
        outer * pieces,
        size / pieces,
        inner,
        1,
      ]);
      const result = summed(partial.info, outer, pieces, inner);
      backend.drop(partial.info);
      return result;
    }
    const address = backend.address(from);
    const out = backend.output(shape, from.dtype);
    const values = [address, out.address, outer, size, inner, divisor];
    device.launch(backend.kernel(`${kernelName}${suffix}`), outer * inner, size, values);
    return out.info;
  }
}

function placeOf(name: 'argMax' | 'argMin', x: TensorInfo, axis: number, backend: DeviceBackend): TensorInfo {
  const float = cast(x, 'float32', backend);
  const [at] = core().util.parseAxisParam(axis, x.shape);
  const outer = sizeOf(x.shape.slice(0, at));
  const inner = sizeOf(x.shape.slice(at! + 1));
  const size = x.shape[at!]!;
  const out = backend.output([...x.shape.slice(0, at), ...x.shape.slice(at! + 1)], 'int32');
  backend.device.launch(backend.kernel(name), outer * inner, size, [
    backend.address(float),
    out.address,
    outer,
    size,
    inner,
  ]);
  backend.drop(float);
  return out.info;
}

/** Along the last axis: e^(x - max) over its sum. */
function softmax({ logits }: Inputs, { dim }: SoftmaxAttrs, backend: DeviceBackend): TensorInfo {
  const { shape } = logits!;
  const axis = dim < 0 ? dim + shape.length : dim;
  const size = shape[axis]!;
  const column = shape.map((one, i) => (i === axis ? 1 : one));
  const middle = { outer: sizeOf(shape) / size, size, inner: 1 };
  const max = reduced('max', logits!, middle, column, backend);
  const shifted = elementwise('sub', logits!, max, backend);
  const powers = applied('exp', shifted, [], 'float32', backend);
  const sum = reduced('sum', powers, middle, column, backend);
  const result = elementwise('div', powers, sum, backend);
  for (const tensor of [max, shifted, powers, sum]) backend.drop(tensor);
  return result;
}

/** (x - mean) / √(variance + ε) · scale + offset, as `tf.batchNorm` asks for it. */
function batchNorm(
  { x, mean, variance, offset, scale }: Inputs,
  { varianceEpsilon }: FusedBatchNormAttrs,
  backend: DeviceBackend,
): TensorInfo {
  const epsilon = filled([], varianceEpsilon, 'float32', backend);
  const raised = elementwise('add', variance!, epsilon, backend);
  const inverse = applied('rsqrt', raised, [], 'float32', backend);
  const factor = scale ? elementwise('mul', inverse, scale, backend) : backend.alias(inverse, inverse.shape);
  const centered = elementwise('sub', x!, mean!, backend);
  const scaled = elementwise('mul', centered, factor, backend);
  const result = offset ? elementwise('add', scaled, offset, backend) : backend.alias(scaled, scaled.shape);
  for (const tensor of [epsilon, raised, inverse, factor, centered, scaled]) backend.drop(tensor);
  return result;
}

function reshape(x: TensorInfo, shape: readonly number[], backend: DeviceBackend): TensorInfo {
  return backend.alias(x, core().util.inferFromImplicitShape(shape as number[], sizeOf(x.shape)));
}

const CASTS: Readonly<Record<string, string>> = {
  'int32 float32': 'floatFromInt',
  'bool float32': 'floatFromBool',
  'float32 int32': 'intFromFloat',
  'bool int32': 'intFromBool',
  'float32 bool': 'boolFromFloat',
  'int32 bool': 'boolFromInt',
};

function cast(x: TensorInfo, dtype: DataType, backend: DeviceBackend): TensorInfo {
  if (x.dtype === dtype) return backend.alias(x, x.shape);
  const name = CASTS[`${x.dtype} ${dtype}`];
  if (!name) throw new Error(`This backend cannot cast from ${x.dtype} to ${dtype}.`);
  return applied(name, x, [], dtype, backend);
}

function filled(shape: readonly number[], value: number, dtype: DataType, backend: DeviceBackend): TensorInfo {
  const { info, address } = backend.output(shape, dtype);
  const n = sizeOf(shape);
  const kernel = backend.kernel(dtype === 'bool' ? 'fillBytes' : 'fill');
  backend.device.launch(kernel, n, 1, [address, dtype === 'float32' ? bitsOf(value) : value, n]);
  return info;
}

const FLOAT = new Float32Array(1);
const BITS = new Int32Array(FLOAT.buffer);

/** The bits of a float32, as an integer: kernels that only copy numbers take either. */
function bitsOf(value: number): number {
  FLOAT[0] = value;
  return BITS[0]!;
}

function range(_inputs: Inputs, { start, stop, step, dtype }: RangeAttrs, backend: DeviceBackend): TensorInfo {
  const n =
    start === stop || (start < stop && step < 0) || (stop < start && step > 1)
      ? 0
      : Math.abs(Math.ceil((stop - start) / step));
  const { info, address } = backend.output([n], 'float32');
  if (n > 0) backend.device.launch(backend.kernel('range'), n, 1, [start, step, address, n]);
  if (dtype !== 'int32') return info;
  const integers = cast(info, 'int32', backend);
  backend.drop(info);
  return integers;
}

function oneHot(
  { indices }: Inputs,
  { depth, onValue, offValue, dtype }: OneHotAttrs,
  backend: DeviceBackend,
): TensorInfo {
  const n = sizeOf(indices!.shape);
  const result = backend.output([...indices!.shape, depth], dtype === 'bool' ? 'int32' : dtype);
  const [on, off] = dtype === 'float32' ? [bitsOf(onValue), bitsOf(offValue)] : [onValue, offValue];
  const values = [backend.address(indices!), result.address, n, depth, on, off];
  backend.device.launch(backend.kernel('oneHot'), n * depth, 1, values);
  if (dtype !== 'bool') return result.info;
  const booleans = cast(result.info, 'bool', backend);
  backend.drop(result.info);
  return booleans;
}

function gather({ x, indices }: Inputs, { axis, batchDims }: GatherV2Attrs, backend: DeviceBackend): TensorInfo {
  if (batchDims !== 0) throw new Error('This backend gathers without batch dimensions only.');
  const [at] = core().util.parseAxisParam(axis, x!.shape);
  const outer = sizeOf(x!.shape.slice(0, at));
  const size = x!.shape[at!]!;
  const inner = sizeOf(x!.shape.slice(at! + 1));
  const count = sizeOf(indices!.shape);
  const shape = [...x!.shape.slice(0, at), ...indices!.shape, ...x!.shape.slice(at! + 1)];
  const { info, address } = backend.output(shape, x!.dtype);
  const values = [backend.address(x!), backend.address(indices!), address, outer, size, inner, count];
  const kernel = backend.kernel(x!.dtype === 'bool' ? 'gatherBytes' : 'gather');
  backend.device.launch(kernel, outer * count * inner, 1, values);
  return info;
}

/**
 * A batch of samples that stay on the device as stored: X [n, columns] float32 and y [n] int32.
 * Samples that do not fit on the device are sent a batch at a time, still as stored.
 */
function sampleRows(_inputs: Inputs, attrs: SampleRowsAttrs, backend: DeviceBackend): TensorInfo[] {
  const { features, labels, divisor, rows } = attrs;
  const { device } = backend;
  const [size, n] = [labels.length, rows.length];
  const columns = features.length / size;
  const X = backend.output([n, columns], 'float32');
  const y = backend.output([n], 'int32');
  const kernel = backend.kernel(features instanceof Float32Array ? 'samplesOfFloats' : 'samplesOfBytes');
  const launch = (samples: Address, classes: Address, places: Address, count: number) => {
    device.launch(kernel, n * columns, 1, [samples, places, X.address, count, columns, n, divisor]);
    device.launch(backend.kernel('gather'), n, 1, [classes, places, y.address, 1, count, 1, n]);
  };
  const [samples, classes, places] = [device.resident(features), device.resident(labels), device.resident(rows)];
  if (samples !== undefined && classes !== undefined && places !== undefined) {
    launch(samples, classes, places, size);
  } else {
    const part = features.slice(0, n * columns);
    rows.forEach((row, i) => part.set(features.subarray(row * columns, (row + 1) * columns), i * columns));
    const sent = [part, rows.map((row) => labels[row]!), Int32Array.from(rows.keys())].map((values) => {
      const address = backend.pool.allocate(values.byteLength);
      device.write(address, values);
      return { address, bytes: values.byteLength };
    });
    launch(sent[0]!.address, sent[1]!.address, sent[2]!.address, n);
    for (const { address, bytes } of sent) backend.pool.free(address, bytes);
  }
  return [X.info, y.info];
}

/** The memory layout of a copy: an element is at offset + Σ index · stride. */
interface Placement {
  readonly offset: number;
  readonly strides: readonly number[];
}

const MOST_AXES = 6;

/** Copies elements, one for each index of `shape`, from one tensor's memory to another's. */
function copy(
  from: { address: number } & Placement,
  to: { address: number } & Placement,
  shape: readonly number[],
  dtype: DataType,
  backend: DeviceBackend,
): void {
  const axes = merged(shape, from.strides, to.strides);
  if (axes.length > MOST_AXES) throw new Error(`This backend moves tensors of at most ${MOST_AXES} axes.`);
  while (axes.length < MOST_AXES) axes.unshift({ size: 1, from: 0, to: 0 });
  const n = sizeOf(shape);
  const values = [
    from.address,
    from.offset,
    ...axes.map((axis) => axis.from),
    to.address,
    to.offset,
    ...axes.map((axis) => axis.to),
    ...axes.slice(1).map((axis) => axis.size),
    n,
  ];
  backend.device.launch(backend.kernel(dtype === 'bool' ? 'copyBytes' : 'copy'), n, 1, values);
}

/** Merges axes that are contiguous in both memories, and drops those of size 1. */
function merged(shape: readonly number[], from: readonly number[], to: readonly number[]) {
  const axes: { size: number; from: number; to: number }[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const axis = { size, from: from[i]!, to: to[i]! };
    const last = axes.at(-1);
    if (last && last.from === axis.from * size && last.to === axis.to * size) {
      Object.assign(last, { ...axis, size: last.size * size });
    } else {
      axes.push(axis);
    }
  });
  return axes;
}

/** A new dense tensor, its elements read by a placement in x. */
function readBy(x: TensorInfo, placement: Placement, shape: readonly number[], backend: DeviceBackend): TensorInfo {
  const from = backend.address(x);
  const { info, address } = backend.output(shape, x.dtype);
  if (sizeOf(shape) > 0) {
    copy({ address: from, ...placement }, { address, offset: 0, strides: stridesOf(shape) }, shape, x.dtype, backend);
  }
  return info;
}

function slice({ x }: Inputs, { begin, size }: SliceAttrs, backend: DeviceBackend): TensorInfo {
  const [from, sizes] = core().slice_util.parseSliceParams(x as never, begin, size) as [number[], number[]];
  const strides = stridesOf(x!.shape);
  const offset = from.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
  return readBy(x!, { offset, strides }, sizes, backend);
}

function reverse({ x }: Inputs, { dims }: ReverseAttrs, backend: DeviceBackend): TensorInfo {
  const axes = core().util.parseAxisParam(dims, x!.shape);
  const strides = stridesOf(x!.shape);
  const offset = axes.reduce((sum, axis) => sum + (x!.shape[axis]! - 1) * strides[axis]!, 0);
  const turned = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  return readBy(x!, { offset, strides: turned }, x!.shape, backend);
}

function transpose(x: TensorInfo, perm: readonly number[], backend: DeviceBackend): TensorInfo {
  const strides = stridesOf(x.shape);
  const placement = { offset: 0, strides: perm.map((axis) => strides[axis]!) };
  return readBy(
    x,
    placement,
    perm.map((axis) => x.shape[axis]!),
    backend,
  );
}

/** A tensor repeated to a shape that it broadcasts to. */
function repeated(x: TensorInfo, shape: readonly number[], backend: DeviceBackend): TensorInfo {
  if (sameShape(x.shape, shape)) return backend.alias(x, shape);
  const own = stridesOf(x.shape);
  const lead = shape.length - x.shape.length;
  const strides = shape.map((_, axis) => (axis < lead || x.shape[axis - lead] === 1 ? 0 : own[axis - lead]!));
  return readBy(x, { offset: 0, strides }, shape, backend);
}

function tile({ x }: Inputs, { reps }: TileAttrs, backend: DeviceBackend): TensorInfo {
  // Each axis as two: the repetitions, which do not move in x, and the axis itself.
  const strides = stridesOf(x!.shape);
  const wide = x!.shape.flatMap((size, axis) => [reps[axis]!, size]);
  const placement = { offset: 0, strides: strides.flatMap((stride) => [0, stride]) };
  const tiled = readBy(x!, placement, wide, backend);
  const result = backend.alias(
    tiled,
    x!.shape.map((size, axis) => size * reps[axis]!),
  );
  backend.drop(tiled);
  return result;
}

function pad({ x }: Inputs, { paddings, constantValue }: PadV2Attrs, backend: DeviceBackend): TensorInfo {
  const shape = x!.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  const result = filled(shape, constantValue, x!.dtype, backend);
  const strides = stridesOf(shape);
  const offset = paddings.reduce((sum, [before], axis) => sum + before * strides[axis]!, 0);
  place(x!, result, { offset, strides }, backend);
  return result;
}

/** Writes all of x into part of another tensor. */
function place(x: TensorInfo, into: TensorInfo, placement: Placement, backend: DeviceBackend): void {
  if (sizeOf(x.shape) === 0) return;
  const from = { address: backend.address(x), offset: 0, strides: stridesOf(x.shape) };
  copy(from, { address: backend.address(into), ...placement }, x.shape, x.dtype, backend);
}

function concat(tensors: readonly TensorInfo[], axis: number, backend: DeviceBackend): TensorInfo {
  const [at] = core().util.parseAxisParam(axis, tensors[0]!.shape);
  const shape = core().backend_util.computeOutShape(
    tensors.map((tensor) => tensor.shape),
    at!,
  );
  const { info } = backend.output(shape, tensors[0]!.dtype);
  const strides = stridesOf(shape);
  let offset = 0;
  for (const tensor of tensors) {
    place(tensor, info, { offset, strides }, backend);
    offset += tensor.shape[at!]! * strides[at!]!;
  }
  return info;
}

function pack(inputs: Inputs, { axis }: PackAttrs, backend: DeviceBackend): TensorInfo {
  const wider = Object.values(inputs).map((x) => backend.alias(x, x.shape.toSpliced(axis, 0, 1)));
  const result = concat(wider, axis, backend);
  for (const tensor of wider) backend.drop(tensor);
  return result;
}

function unpack({ value }: Inputs, { axis }: UnpackAttrs, backend: DeviceBackend): TensorInfo[] {
  const [at] = core().util.parseAxisParam(axis, value!.shape);
  const strides = stridesOf(value!.shape);
  const shape = value!.shape.toSpliced(at!, 1);
  return Array.from({ length: value!.shape[at!]! }, (_, i) =>
    readBy(value!, { offset: i * strides[at!]!, strides: strides.toSpliced(at!, 1) }, shape, backend),
  );
}

function matMul({ a, b }: Inputs, { transposeA, transposeB }: BatchMatMulAttrs, backend: DeviceBackend): TensorInfo {
  if (a!.dtype !== 'float32' || b!.dtype !== 'float32') {
    throw new Error('This backend multiplies matrices of type float32 only.');
  }
  const [rowsA, colsA] = a!.shape.slice(-2) as [number, number];
  const [rowsB, colsB] = b!.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [colsA, rowsA] : [rowsA, colsA];
  const n = transposeB ? rowsB : colsB;
  const batch = broadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
  if (k === 0) return filled([...batch, m, n], 0, 'float32', backend); // sums of nothing
  const from = backend.address(a!);
  const by = backend.address(b!);
  const { info, address } = backend.output([...batch, m, n], 'float32');
  // One product for each index of the batch axes; an operand without them is shared.
  const placesA = batchOffsets(a!.shape.slice(0, -2), batch);
  const placesB = batchOffsets(b!.shape.slice(0, -2), batch);
  for (let i = 0; i < placesA.length; i++) {
    backend.device.multiply({
      a: from + 4 * placesA[i]! * rowsA * colsA,
      b: by + 4 * placesB[i]! * rowsB * colsB,
      out: address + 4 * i * m * n,
      ...{ m, k, n, transposeA, transposeB },
    });
  }
  return info;
}

/** For each index of the batch axes, the matrix of an operand. */
function batchOffsets(own: readonly number[], batch: readonly number[]): number[] {
  const strides = stridesOf(own);
  const lead = batch.length - own.length;
  return Array.from({ length: sizeOf(batch) }, (_, place) => {
    let offset = 0;
    for (let axis = batch.length - 1, rest = place; axis >= 0; axis--) {
      const index = rest % batch[axis]!;
      rest = Math.floor(rest / batch[axis]!);
      if (axis >= lead && own[axis - lead] !== 1) offset += index * strides[axis - lead]!;
    }
    return offset;
  });
}
