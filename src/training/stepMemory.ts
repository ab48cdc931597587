/**
 * A lower bound of the memory that a training step takes, in bytes, all numbers being float32: the parameters, and what
 * the forward pass keeps for the backward pass, that is the samples, each hidden layer before and after its activation,
 * and the logits. The actual step takes more.
 * @param widths of the inputs, the hidden layers and the outputs
 * @param batchSize samples in a step
 */
export function leastStepBytes(widths: readonly number[], batchSize: number): number {
  const params = widths.slice(1).reduce((sum, width, l) => sum + (widths[l]! + 1) * width, 0);
  const kept = widths.reduce((sum, width, l) => sum + (l > 0 && l < widths.length - 1 ? 2 : 1) * width, 0);
  return 4 * (params + batchSize * kept);
}
