import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { BatchMatMulAttrs, KernelFunc, OneHotAttrs, SumAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../replaceKernel';
import { core } from '../tensorflowJs';

type Operands = Record<'a' | 'b', TensorInfo>;

// Three kernels of a training step are slow in TensorFlow.js's WebAssembly backend although the same binary contains a
// fast form (times in docs/backends.md), and one is wrong. What is not covered here goes to the backend's own kernel.
// One is new.

const REPLACED = {
  BatchMatMul: transposeFirst,
  Sum: columnSumsAsProduct,
  Maximum: maximumAsClip,
  OneHot: oneHotInFloats,
} satisfies Record<string, (original: KernelFunc) => KernelFunc>;

/** From so many numbers on, a pass in JavaScript takes longer than twelve kernels with vectors of four. */
const MOST_IN_JAVASCRIPT = 8192;

/** Installs the better forms, and the new kernel. Calling it again has no effect. */
export function replaceWasmKernels(): void {
  for (const [kernelName, wrap] of Object.entries(REPLACED)) replaceKernel('wasm', kernelName, wrap);
  const added = { kernelName: 'AdamStep', backendName: 'wasm', kernelFunc: adamStep, largest: MOST_IN_JAVASCRIPT };
  if (!core().getKernel(added.kernelName, added.backendName)) core().registerKernel(added);
}

/**
 * A product with transposed operands, by transposing first. The backend's kernel uses XNNPACK only when
 * neither operand is transposed; Xᵀ·dZ would take a plain loop. Covers two matrices of float32; batches of
 * matrices keep the plain loop.
 */
export function transposeFirst(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as Operands;
    const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
    if ((!transposeA && !transposeB) || !isMatrix(a) || !isMatrix(b)) return original({ inputs, attrs, backend });
    const wasm = backend as BackendWasm;
    const left = transposeA ? transpose(a, wasm) : a;
    const right = transposeB ? transpose(b, wasm) : b;
    try {
      return original({ inputs: { a: left, b: right }, attrs: { transposeA: false, transposeB: false }, backend });
    } finally {
      if (left !== a) wasm.disposeData(left.dataId);
      if (right !== b) wasm.disposeData(right.dataId);
    }
  };
}

/**
 * The column sums of a matrix as the product 1ᵀ·x, which XNNPACK computes. The backend's kernel transposes x and then
 * sums rows. Covers axis 0 of a float32 matrix.
 */
export function columnSumsAsProduct(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { x } = inputs as { x: TensorInfo };
    const { axis, keepDims } = attrs as unknown as SumAttrs;
    const tf = core();
    if (!isMatrix(x) || tf.util.parseAxisParam(axis, x.shape).join() !== '0')
      return original({ inputs, attrs, backend });
    const wasm = backend as BackendWasm;
    const [rows, columns] = x.shape as [number, number];
    const ones = wasm.makeOutput([1, rows], 'float32');
    try {
      wasm.typedArrayFromHeap(ones).fill(1);
      const product = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
      const sums = product({
        inputs: { a: ones, b: x },
        attrs: { transposeA: false, transposeB: false },
        backend,
      }) as TensorInfo;
      return { ...sums, shape: keepDims ? [1, columns] : [columns] };
    } finally {
      wasm.disposeData(ones.dataId);
    }
  };
}

/**
 * max(x, c) for one number c as "clip to [c, ∞)", which is vectorized. The backend's kernel calls a function for each
 * element. Both keep NaN. Covers float32 x and a finite c as the second operand, which is the ReLU of the post.
 */
export function maximumAsClip(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as Operands;
    const isScalar = b.shape.length === 0 && b.dtype === 'float32' && a.dtype === 'float32';
    const floor = isScalar ? (backend as BackendWasm).typedArrayFromHeap(b)[0]! : NaN;
    if (!Number.isFinite(floor)) return original({ inputs, attrs, backend });
    const clip = core().getKernel('ClipByValue', 'wasm').kernelFunc;
    return clip({ inputs: { x: a }, attrs: { clipValueMin: floor, clipValueMax: Infinity }, backend });
  };
}

/**
 * One-hot rows of float32. The backend's kernel (TensorFlow.js 4.22) writes the bits of integers instead.
 * Covers classes of int32.
 */
export function oneHotInFloats(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { indices } = inputs as { indices: TensorInfo };
    const { depth, onValue, offValue, dtype } = attrs as unknown as OneHotAttrs;
    if (dtype !== 'float32' || indices.dtype !== 'int32') return original({ inputs, attrs, backend });
    const wasm = backend as BackendWasm;
    // Allocate the output first: growing the memory detaches views.
    const out = wasm.makeOutput([...indices.shape, depth], 'float32');
    const rows = wasm.typedArrayFromHeap(out).fill(offValue);
    wasm.typedArrayFromHeap(indices).forEach((column, row) => {
      if (column >= 0 && column < depth) rows[row * depth + column] = onValue;
    });
    return out;
  };
}

/**
 * The step of Adam (optim/adam.ts) in one pass, where operations take twelve. JavaScript rounds to float32 after each
 * operation, so the bits are those of TensorFlow.js's kernels.
 */
export const adamStep: KernelFunc = ({ inputs, attrs, backend }) => {
  const { W, dW, M, S } = inputs as Record<'W' | 'dW' | 'M' | 'S', TensorInfo>;
  const wasm = backend as BackendWasm;
  // Allocate the outputs first: growing the memory detaches views.
  const next = [W, M, S].map(({ shape }) => wasm.makeOutput(shape, 'float32'));
  const [w, g, m, s, nextW, nextM, nextS] = [W, dW, M, S, ...next].map((tensor) => wasm.typedArrayFromHeap(tensor));
  const numbers = attrs as unknown as Record<'beta1' | 'beta2' | 'rate' | 'epsilon', number>;
  const { fround } = Math;
  const [beta1, fresh1] = [fround(numbers.beta1), fround(1 - numbers.beta1)];
  const [beta2, fresh2] = [fround(numbers.beta2), fround(1 - numbers.beta2)];
  const [rate, epsilon] = [fround(numbers.rate), fround(numbers.epsilon)];
  for (let i = 0; i < w!.length; i++) {
    const gradient = g![i]!;
    const mean = fround(fround(beta1 * m![i]!) + fround(fresh1 * gradient));
    const meanSquare = fround(fround(beta2 * s![i]!) + fround(fresh2 * fround(gradient * gradient)));
    nextM![i] = mean;
    nextS![i] = meanSquare;
    nextW![i] = w![i]! - fround(fround(mean * rate) / fround(fround(Math.sqrt(meanSquare)) + epsilon));
  }
  return next;
};

/** Whether it is a non-empty float32 matrix. */
function isMatrix(x: TensorInfo): boolean {
  return x.shape.length === 2 && x.dtype === 'float32' && x.shape.every((size) => size > 0);
}

/**
 * Four rows at a time: the reads run along rows and each write run fills part of one cache line.
 * The backend's Transpose writes one element per line, five times slower on a batch of the post.
 * @param x [m, n]
 * @returns [n, m]; the caller disposes its data
 */
function transpose(x: TensorInfo, wasm: BackendWasm): TensorInfo {
  const [m, n] = x.shape as [number, number];
  const out = wasm.makeOutput([n, m], 'float32'); // before the views: growing the memory detaches them
  const from = wasm.typedArrayFromHeap(x);
  const to = wasm.typedArrayFromHeap(out);
  const wholeRows = m - (m % 4);
  for (let i = 0; i < wholeRows; i += 4) {
    for (let j = 0, at = i, read = i * n; j < n; j++, at += m, read++) {
      to[at] = from[read]!;
      to[at + 1] = from[read + n]!;
      to[at + 2] = from[read + 2 * n]!;
      to[at + 3] = from[read + 3 * n]!;
    }
  }
  for (let i = wholeRows; i < m; i++) {
    for (let j = 0; j < n; j++) to[j * m + i] = from[i * n + j]!;
  }
  return out;
}
