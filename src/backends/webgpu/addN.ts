import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

/** WebGPU grants a shader eight buffers everywhere, and the sum is in one of them. */
const MOST_TERMS = 7;

/**
 * The kernel of `tf.addN` for any number of tensors. TensorFlow.js's binds all of them to one shader, which fails from
 * eight on: the check for non-finite values and the norm of all gradients have more.
 */
export function addNInParts(original: KernelFunc): KernelFunc {
  return (args) => {
    const backend = args.backend as KernelBackend;
    const terms = args.inputs as unknown as readonly TensorInfo[];
    const add = (some: readonly TensorInfo[]) =>
      original({ ...args, inputs: some as unknown as typeof args.inputs }) as TensorInfo;
    let sum = add(terms.slice(0, MOST_TERMS));
    for (let next = MOST_TERMS; next < terms.length; next += MOST_TERMS - 1) {
      const before = sum;
      sum = add([before, ...terms.slice(next, next + MOST_TERMS - 1)]);
      backend.disposeData(before.dataId);
    }
    return sum;
  };
}
