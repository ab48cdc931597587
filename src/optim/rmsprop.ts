import * as tf from '@tensorflow/tfjs-core';
import { addDecay } from './decay';
import type { Optimizer } from './optimizers';

/**
 * RMSprop (Tieleman and Hinton 2012): each entry's step is divided by how large its gradients have been of late, so that
 * steep and flat directions move alike. With S the mean square, 0 before the first step:
 * S ← β·S + (1 - β)·dW², then **W ← W - lr·dW / (√S + ε)**.
 */
export const rmsprop: Optimizer = {
  init: (params) => params.map((W) => tf.zerosLike(W)),
  update(params, grads, state, lr, _step, { beta2: beta = 0.99, epsilon = 1e-8, weightDecay } = {}) {
    const dW = addDecay(params, grads, weightDecay);
    const S = state.map((s, i) => tf.add(tf.mul(s, beta), tf.mul(tf.square(dW[i]!), 1 - beta)));
    return {
      params: params.map((W, i) => tf.sub(W, tf.div(tf.mul(dW[i]!, lr), tf.add(tf.sqrt(S[i]!), epsilon)))),
      state: S,
    };
  },
};
