import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';
import { updater } from './sgd';

// V  the velocity of each parameter, shaped like it; 0 before the first step
// μ  the decay of the velocity, 0.9: equal gradients add up to 1 / (1 - μ) = 10 times one of them, opposite ones cancel

type State = { velocity: tf.Tensor[] };

const init = (params: readonly tf.Tensor[]): State => ({ velocity: params.map((W) => tf.zerosLike(W)) });

const accelerate = (velocity: readonly tf.Tensor[], grads: readonly tf.Tensor[], mu: number) =>
  velocity.map((V, i) => tf.add(tf.mul(V, mu), grads[i]!));

/** Momentum, the heavy ball (Polyak 1964): V ← μ·V + dW, then **W ← W - lr·V**. */
export const momentum = ({ momentum: mu = 0.9 } = {}): Link<State> => ({
  init,
  update({ params, grads, lr }, state) {
    const velocity = accelerate(state.velocity, grads, mu);
    return { params: updater(params, velocity, lr), state: { velocity } };
  },
});

/**
 * Nesterov's momentum: the gradient is taken where the velocity is about to carry the parameter, so that the step
 * corrects the velocity before it overshoots. Written in the shifted parameters (Sutskever et al. 2013) it needs no
 * second evaluation: V ← μ·V + dW, then **W ← W - lr·(dW + μ·V)**.
 */
export const nesterov = ({ momentum: mu = 0.9 } = {}): Link<State> => ({
  init,
  update({ params, grads, lr }, state) {
    const velocity = accelerate(state.velocity, grads, mu);
    const ahead = velocity.map((V, i) => tf.add(grads[i]!, tf.mul(V, mu)));
    return { params: updater(params, ahead, lr), state: { velocity } };
  },
});
