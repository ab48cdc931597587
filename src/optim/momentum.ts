import * as tf from '@tensorflow/tfjs-core';
import { addDecay } from './decay';
import type { Optimizer } from './optimizers';
import { updater } from './sgd';

// V  the velocity of each parameter, shaped like it; 0 before the first step
// μ  the part of it that is kept, 0.9: gradients that agree add up to 1 / (1 - μ) = 10 times one of them, and those that
//    point to and fro cancel

const velocities = (params: readonly tf.Tensor[]) => params.map((W) => tf.zerosLike(W));

const accelerate = (state: readonly tf.Tensor[], grads: readonly tf.Tensor[], momentum: number) =>
  state.map((V, i) => tf.add(tf.mul(V, momentum), grads[i]!));

/** Momentum, the heavy ball (Polyak 1964): V ← μ·V + dW, then **W ← W - lr·V**. */
export const momentum: Optimizer = {
  init: velocities,
  update(params, grads, state, lr, _step, { momentum = 0.9, weightDecay } = {}) {
    const V = accelerate(state, addDecay(params, grads, weightDecay), momentum);
    return { params: updater(params, V, lr), state: V };
  },
};

/**
 * Nesterov's momentum: the gradient is taken where the velocity is about to carry the parameter, so that the step corrects
 * the velocity before it overshoots. Written in the shifted parameters (Sutskever et al. 2013) it needs no second
 * evaluation: V ← μ·V + dW, then **W ← W - lr·(dW + μ·V)**.
 */
export const nesterov: Optimizer = {
  init: velocities,
  update(params, grads, state, lr, _step, { momentum = 0.9, weightDecay } = {}) {
    const dW = addDecay(params, grads, weightDecay);
    const V = accelerate(state, dW, momentum);
    const ahead = V.map((velocity, i) => tf.add(dW[i]!, tf.mul(velocity, momentum)));
    return { params: updater(params, ahead, lr), state: V };
  },
};
