/** A network and how it is trained: everything else is the post's, whoever trains it. */
export interface Work {
  readonly name: 'post' | 'deep';
  readonly hidden: readonly number[];
  readonly batchSize: number;
  /**
   * How long a run is: backends compile and processors warm up in the first epochs, so a short run says little of a
   * long one.
   */
  readonly epochs: number;
}

/**
 * What is timed: the post's run, all ten epochs of it, and one in which the products of matrices are nearly all of the
 * work.
 */
export const WORKS = {
  post: { name: 'post', hidden: [256], batchSize: 256, epochs: 10 },
  deep: { name: 'deep', hidden: [1024, 1024], batchSize: 512, epochs: 3 },
} as const satisfies Record<string, Work>;

/** Fashion-MNIST, which all of them train on. */
export const DATA = { numInputs: 784, numOutputs: 10, trainSamples: 60_000, testSamples: 10_000 } as const;

/**
 * A product of an [m, k] by a [k, n] matrix, and how often an epoch computes it (a part of a batch is a part of it).
 */
export interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly times: number;
}

/**
 * Every product of matrices in an epoch: forward, dW, dX of all layers but the first, and the forward pass over the
 * test set.
 */
export function productsOf({ hidden, batchSize }: Work): Product[] {
  const widths = [DATA.numInputs, ...hidden, DATA.numOutputs];
  const steps = DATA.trainSamples / batchSize;
  return widths.slice(1).flatMap((o, l) => {
    const i = widths[l]!;
    const forward = { m: batchSize, k: i, n: o, times: steps + DATA.testSamples / batchSize };
    const dW = { m: i, k: batchSize, n: o, times: steps };
    const dX = { m: batchSize, k: o, n: i, times: steps };
    return l === 0 ? [forward, dW] : [forward, dW, dX];
  });
}

/** The arithmetic of an epoch's products, in units of 1e9 (a multiplication and an addition are two). */
export function gflopOf(work: Work): number {
  return productsOf(work).reduce((sum, { m, k, n, times }) => sum + 2e-9 * m * k * n * times, 0);
}
