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
