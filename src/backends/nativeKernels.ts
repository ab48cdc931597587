import type { BatchMatMulAttrs, KernelBackend, KernelFunc, Tensor } from '@tensorflow/tfjs-core';
import { replaceKernel } from './replaceKernel';
import { core } from './tensorflowJs';

// Kernels of tfjs-node that ask TensorFlow for more than is needed. Times in docs/performance.md. What the faster form does
// not cover goes to the kernel that was there.

const FASTER = {
  BatchMatMul: matricesAsMatMul,
  Step: stepAsSign,
} satisfies Record<string, (original: KernelFunc) => KernelFunc>;

/** What of tfjs-node's backend is called here: it runs an operation of TensorFlow by its name. */
interface NodeBackend extends KernelBackend {
  readonly binding: Record<'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_FLOAT', number>;
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly unknown[]): Tensor;
}

/** Puts the faster forms in place. May be called again: the second time does nothing. */
export function replaceNativeKernels(): void {
  for (const [kernelName, faster] of Object.entries(FASTER)) replaceKernel('tensorflow', kernelName, faster);
}

/**
 * The product of two matrices as TensorFlow's MatMul. tfjs-node takes BatchMatMulV2 for everything, which costs a small
 * product, such as those of the output layer, two to three times as much. Covers two matrices of float32.
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
    return node.executeSingleOutput('MatMul', attributes, [a, b]);
  };
}

/**
 * step(x) as max(sign(x), 0): the same numbers, NaN included, in two kernels instead of five, ten times faster. Covers
 * the step whose value for negative x is 0.
 */
function stepAsSign(original: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    if (attrs?.['alpha'] !== 0) return original({ inputs, attrs, backend });
    const tf = core();
    return tf.tidy(() => tf.relu(tf.sign(inputs['x'] as Tensor)));
  };
}
