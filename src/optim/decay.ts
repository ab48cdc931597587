import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';

// Weight decay pulls weights toward 0, so none grows more than it must. The network says which parameters decay: its
// matrices. A bias, or the scale of a batch normalization, moves or stretches a unit as a whole, cannot be traded
// against other inputs, and is left alone.

/**
 * Decay through the loss: L + λ/2 Σ W² has the gradient **dW + λ·W**. The update rule then treats the decay like any
 * other gradient: Adam, for one, divides it by the gradient's size, which is why AdamW decouples it.
 * @param weightDecay λ
 */
export const decay = (weightDecay = 0): Link => ({
  update({ params, grads, decays }) {
    if (weightDecay === 0) return {};
    return { grads: grads.map((dW, i) => (decays[i] ? tf.add(dW, tf.mul(params[i]!, weightDecay)) : dW)) };
  },
});

/**
 * Decoupled decay (Loshchilov and Hutter 2019): **W ← (1 - lr·λ)·W**, whatever the gradient is. The update rule that
 * follows steps from there.
 * @param weightDecay λ
 */
export const decoupledDecay = (weightDecay = 0): Link => ({
  update({ params, decays, lr }) {
    if (weightDecay === 0) return {};
    return { params: params.map((W, i) => (decays[i] ? tf.mul(W, 1 - lr * weightDecay) : W)) };
  },
});
