import * as tf from '@tensorflow/tfjs-core';
import type { Link } from './optimizer';

// S  the mean square of each gradient, shaped like it; 0 before the first step
// β  the decay of the mean square, 0.99

type State = { meanSquare: tf.Tensor[] };

/**
 * RMSprop (Tieleman and Hinton 2012): each entry's step is divided by the recent size of its gradients, so that steep
 * and flat directions move alike. S ← β·S + (1 - β)·dW², then **W ← W - lr·dW / (√S + ε)**.
 */
export const rmsprop = ({ beta2: beta = 0.99, epsilon = 1e-8 } = {}): Link<State> => ({
  init: (params) => ({ meanSquare: params.map((W) => tf.zerosLike(W)) }),
  update({ params, grads, lr }, state) {
    const meanSquare = state.meanSquare.map((S, i) => tf.add(tf.mul(S, beta), tf.mul(tf.square(grads[i]!), 1 - beta)));
    const updated = params.map((W, i) =>
      tf.sub(W, tf.div(tf.mul(grads[i]!, lr), tf.add(tf.sqrt(meanSquare[i]!), epsilon))),
    );
    return { params: updated, state: { meanSquare } };
  },
});
