/** A network and how it is trained: everything else is the post's, for every contender. */
export interface Work {
  readonly name: 'post' | 'deep';
  readonly hidden: readonly number[];
  readonly batchSize: number;
  /**
   * The length of a run. Backends compile and processors warm up in the first epochs, so short runs do not predict long
   * ones.
   */
  readonly epochs: number;
}

/** The timed works: the post's ten epochs, and one that consists almost entirely of matrix products. */
export const WORKS = {
  post: { name: 'post', hidden: [256], batchSize: 256, epochs: 10 },
  deep: { name: 'deep', hidden: [1024, 1024], batchSize: 512, epochs: 3 },
} as const satisfies Record<string, Work>;

/** Fashion-MNIST, which all of them train on. */
export const DATA = { numInputs: 784, numOutputs: 10, trainSamples: 60_000, testSamples: 10_000 } as const;

/** A product of an [m, k] by a [k, n] matrix, and its count per epoch (fractional for a partial batch). */
export interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly times: number;
}

/**
 * Every matrix product of an epoch: forward, dW, dX of all layers but the first, and the forward pass over the test
 * set.
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
