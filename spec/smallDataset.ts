import type { Samples } from '../src/data/samples';
import { createRandom } from '../src/random';

/**
 * Samples that a small network can learn: each class has a pattern of bright pixels, and every sample is its class's
 * pattern with noise.
 */
export function smallDataset(count: number, numInputs = 20, numOutputs = 3, seed = 1): Samples {
  const random = createRandom(seed, 'split');
  const labels = Int32Array.from({ length: count }, () => random.integer(numOutputs));
  const features = Uint8Array.from({ length: count * numInputs }, (_, i) => {
    const bright = (i % numInputs) % numOutputs === labels[Math.floor(i / numInputs)];
    return Math.min(255, Math.floor(random.uniform() * 120) + (bright ? 100 : 0));
  });
  return { features, scale: 1 / 255, labels, count, numInputs };
}

/** Samples with two numbers to predict, which depend on the features, and a weight for each. */
export function smallRegression(count: number, numInputs = 20, seed = 1): Samples {
  const random = createRandom(seed, 'split');
  const features = Float32Array.from({ length: count * numInputs }, () => random.normal(0, 1));
  const targets = Float32Array.from({ length: count * 2 }, (_, i) => {
    const at = Math.floor(i / 2) * numInputs;
    return i % 2 === 0 ? features[at]! : Math.abs(features[at + 1]!) - 1;
  });
  const weights = Float32Array.from({ length: count }, (_, i) => 0.5 + (i % 3) / 2);
  return { features, scale: 1, labels: new Int32Array(count), targets, weights, count, numInputs };
}

/** What the numbers of `smallRegression` are. */
export const REGRESSION_TARGETS = [
  { name: 'one', mean: 10, std: 2 },
  { name: 'other', mean: -1, std: 0.1 },
];
