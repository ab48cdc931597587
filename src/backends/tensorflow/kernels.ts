import type {
  BatchMatMulAttrs,
  KernelBackend,
  KernelFunc,
  MaxAttrs,
  OneHotAttrs,
  SumAttrs,
  Tensor,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { replaceKernel } from '../replaceKernel';
import { core } from '../tensorflowJs';

// Faster forms of tfjs-node kernels that ask TensorFlow for more than is needed (times in docs/performance.md).
// What a faster form does not cover goes to the original kernel.

const FASTER = {
  BatchMatMul: matricesAsMatMul,
  Max: reduction('Max'),
  Mean: reduction('Mean'),
  OneHot: oneHot,
  Step: stepAsSign,
  Sum: reduction('Sum'),
} satisfies Record<string, (original: KernelFunc) => KernelFunc>;

/** The part of tfjs-node's backend used here: it runs a TensorFlow operation by name. */
interface NodeBackend extends KernelBackend {
  readonly binding: Record<'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_ATTR_INT' | 'TF_FLOAT' | 'TF_INT32', number> & {
    createTensor(shape: readonly number[], type: number, values: Int32Array | Float32Array): number;
    executeOp(name: string, attributes: readonly Attribute[], ids: readonly number[], outputs: 1): [Made];
    deleteTensor(id: number): void;
  };
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  createOutputTensor(made: Made): Tensor;
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** A TensorFlow tensor without a tfjs-node object. */
interface Made {
  readonly id: number;
}

/** Installs the faster forms. Calling it again has no effect. */
export function replaceKernels(): void {
  for (const [kernelName, faster] of Object.entries(FASTER)) replaceKernel('tensorflow', kernelName, faster);
}

/**
 * A matrix product by TensorFlow's MatMul. tfjs-node uses BatchMatMulV2 for all, which takes two to three times as long
 * for a small product, such as those of the output layer. Covers two matrices of float32.
 */
function matricesAsMatMul(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as Record<'a' | 'b', Tensor>;
    if ([a, b].some(({ shape, dtype }) => shape.length !== 2 || dtype !== 'float32')) {
      return original({ inputs, attrs, backend });
    }
    const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
    const node = backend as NodeBackend;
    const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT } = node.binding;
    const attributes = [
      { name: 'transpose_a', type: TF_ATTR_BOOL, value: transposeA },
      { name: 'transpose_b', type: TF_ATTR_BOOL, value: transposeB },
      { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    ];
    return run(node, 'MatMul', attributes, node.getInputTensorIds([a, b]));
  };
}

/**
 * A sum, mean or maximum whose axes are kept as a constant: sending them each time costs as much as a small sum.
 * Covers float32.
 */
function reduction(name: 'Max' | 'Mean' | 'Sum') {
  return (original: KernelFunc): KernelFunc =>
    ({ inputs, attrs, backend }) => {
      const { x } = inputs as { x: TensorInfo };
      if (x.dtype !== 'float32') return original({ inputs, attrs, backend });
      const { axis, reductionIndices, keepDims } = attrs as unknown as SumAttrs & MaxAttrs;
      const axes = core().util.parseAxisParam(axis ?? reductionIndices, x.shape);
      const node = backend as NodeBackend;
      const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = node.binding;
      const attributes = [
        { name: 'keep_dims', type: TF_ATTR_BOOL, value: keepDims },
        { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
        { name: 'Tidx', type: TF_ATTR_TYPE, value: TF_INT32 },
      ];
      return run(node, name, attributes, [...node.getInputTensorIds([x]), constant(node, [axes.length], axes)]);
    };
}

/** One-hot rows, with the depth and the values for on and off kept as constants. Covers int32 and float32 results. */
function oneHot(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { indices } = inputs as { indices: TensorInfo };
    const { depth, onValue, offValue, dtype } = attrs as unknown as OneHotAttrs;
    const node = backend as NodeBackend;
    const { TF_ATTR_INT, TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = node.binding;
    const type = { float32: TF_FLOAT, int32: TF_INT32 }[dtype as string];
    if (type === undefined || indices.dtype !== 'int32') return original({ inputs, attrs, backend });
    const attributes = [
      { name: 'axis', type: TF_ATTR_INT, value: -1 },
      { name: 'T', type: TF_ATTR_TYPE, value: type },
      { name: 'TI', type: TF_ATTR_TYPE, value: TF_INT32 },
    ];
    const values = [onValue, offValue].map((value) => constant(node, [], [value], type));
    return run(node, 'OneHot', attributes, [
      ...node.getInputTensorIds([indices]),
      constant(node, [], [depth]),
      ...values,
    ]);
  };
}

/**
 * step(x) as max(sign(x), 0): the same numbers, NaN included, in two operations instead of five.
 * Covers the step whose value for negative x is 0, of float32 and of int32, which tfjs-node's own kernel cannot take.
 */
function stepAsSign(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { x } = inputs as { x: TensorInfo };
    const node = backend as NodeBackend;
    const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = node.binding;
    const type = { float32: TF_FLOAT, int32: TF_INT32 }[x.dtype as string];
    if (attrs?.['alpha'] !== 0 || type === undefined) return original({ inputs, attrs, backend });
    const attributes = [{ name: 'T', type: TF_ATTR_TYPE, value: type }];
    const [sign] = node.binding.executeOp('Sign', attributes, node.getInputTensorIds([x]), 1);
    try {
      return run(node, 'Relu', attributes, [sign.id]);
    } finally {
      node.binding.deleteTensor(sign.id);
    }
  };
}

function run(node: NodeBackend, name: string, attributes: readonly Attribute[], ids: readonly number[]): Tensor {
  return node.createOutputTensor(node.binding.executeOp(name, attributes, ids, 1)[0]);
}

/** Constant operands of operations: axes, a depth. There are few, and they are never freed. */
const constants = new Map<string, number>();

/** The id of a constant tensor of TensorFlow, of int32 or of float32. A process has one TensorFlow. */
function constant(
  node: NodeBackend,
  shape: readonly number[],
  values: readonly number[],
  type = node.binding.TF_INT32,
): number {
  const key = `${type}:${shape.length}:${values.join()}`;
  let id = constants.get(key);
  if (id === undefined) {
    const typed = type === node.binding.TF_FLOAT ? Float32Array.from(values) : Int32Array.from(values);
    id = node.binding.createTensor(shape, type, typed);
    constants.set(key, id);
  }
  return id;
}
