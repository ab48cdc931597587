import * as tf from '@tensorflow/tfjs-core';

// Weight decay pulls the weights towards 0, so that none grows without need. Only matrices decay. A bias or the scale of a
// batch normalisation moves or stretches a unit as a whole, cannot be traded against other inputs, and is left alone.

const decays = (W: tf.Tensor) => W.rank >= 2;

/**
 * Decay through the loss: L + λ/2 Σ W² has the gradient **dW + λ·W**. The update rule then treats the pull like any part of
 * the gradient: Adam, for one, divides it by the gradient's size, which is why AdamW decays apart.
 * @param grads shaped like `params`
 * @param weightDecay λ
 * @returns the gradients of the penalised loss
 */
export function addDecay(
  params: readonly tf.Tensor[],
  grads: readonly tf.Tensor[],
  weightDecay = 0,
): readonly tf.Tensor[] {
  if (weightDecay === 0) return grads;
  return grads.map((dW, i) => (decays(params[i]!) ? tf.add(dW, tf.mul(params[i]!, weightDecay)) : dW));
}

/**
 * Decoupled decay (Loshchilov and Hutter 2019): **W ← (1 - lr·λ)·W**, whatever the gradient does.
 * @param weightDecay λ
 * @returns the parameters after the pull, before the step
 */
export function decay(params: readonly tf.Tensor[], lr: number, weightDecay = 0): readonly tf.Tensor[] {
  if (weightDecay === 0) return params;
  return params.map((W) => (decays(W) ? tf.mul(W, 1 - lr * weightDecay) : W));
}
