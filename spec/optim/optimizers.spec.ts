import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { clipping } from '../../src/optim/clip';
import { decay, decoupledDecay } from '../../src/optim/decay';
import { momentum } from '../../src/optim/momentum';
import { chain, type Link } from '../../src/optim/optimizer';
import { createOptimizer, OPTIMIZERS, type OptimizerName, type OptimizerOptions } from '../../src/optim/optimizers';
import { sgd } from '../../src/optim/sgd';
import { onEachBackend } from '../backend';
import { expectClose } from '../finiteDifferences';

/** Steps of one parameter with the gradients given, by the real rule. */
function steps(
  name: OptimizerName,
  W: tf.Tensor,
  grads: number[],
  lr: number,
  options: OptimizerOptions = {},
  decays = true,
) {
  const optimizer = createOptimizer(name, lr, options);
  let params: readonly tf.Tensor[] = [W];
  let state = optimizer.init(params);
  return grads.map((g, i) => {
    ({ params, state } = optimizer.update({ params, grads: [tf.fill(W.shape, g)], decays: [decays] }, state, i + 1));
    return params[0]!;
  });
}

describe('optimizers, by hand', () => {
  onEachBackend(() => {
    it('momentum: V is 2, then 0.5 · 2 + 1 = 2', () => {
      const [one, two] = steps('momentum', tf.tensor1d([10]), [2, 1], 0.1, { momentum: 0.5 });
      expectClose(one!, [9.8]);
      expectClose(two!, [9.6]);
    });

    it('nesterov: the steps are 2 + 0.5 · 2 = 3 and 1 + 0.5 · 2 = 2', () => {
      const [one, two] = steps('nesterov', tf.tensor1d([10]), [2, 1], 0.1, { momentum: 0.5 });
      expectClose(one!, [9.7]);
      expectClose(two!, [9.5]);
    });

    it('rmsprop: S is 0.25 · 4 = 1, then 0.75 + 0.25 · 1 = 1', () => {
      const [one, two] = steps('rmsprop', tf.tensor1d([10]), [2, 1], 0.1, { beta2: 0.75 });
      expectClose(one!, [10 - 0.2]);
      expectClose(two!, [9.8 - 0.1]);
    });

    it('adam: the first step is lr long whatever the size of the gradient, the second by the corrected means', () => {
      const [one, two] = steps('adam', tf.tensor1d([10]), [2, 1], 0.1, { beta1: 0.5, beta2: 0.75 });
      expectClose(one!, [9.9]);
      // M = 0.5 · 1 + 0.5 · 1 = 1, over 1 - 0.25; S = 0.75 · 1 + 0.25 · 1 = 1, over 1 - 0.5625.
      expectClose(two!, [9.9 - (0.1 * (1 / 0.75)) / Math.sqrt(1 / 0.4375)]);
      const small = steps('adam', tf.tensor1d([10]), [1e-3], 0.1);
      expectClose(small[0]!, [9.9], 1e-5);
    });

    it('adamw pulls what decays toward 0 by lr · λ whatever the gradient, and leaves the rest alone', () => {
      const [decaying] = steps('adamw', tf.tensor1d([10]), [0], 0.1, { weightDecay: 0.5 });
      expectClose(decaying!, [10 * (1 - 0.05)]);
      const [exempt] = steps('adamw', tf.tensor1d([10]), [0], 0.1, { weightDecay: 0.5 }, false);
      expectClose(exempt!, [10]);
      const [standard] = steps('adamw', tf.tensor1d([10]), [0], 0.1);
      expectClose(standard!, [10 * (1 - 0.001)]);
    });

    for (const name of ['sgd', 'momentum', 'nesterov', 'rmsprop', 'adam'] as const) {
      it(`${name} decays through the gradient what decays, and nothing else`, () => {
        const W = () => tf.tensor1d([10]);
        const options = { weightDecay: 0.2, epsilon: 0.5 };
        const plain = (g: number) => steps(name, W(), [g], 0.1, { epsilon: 0.5 })[0]!;
        expectClose(steps(name, W(), [1], 0.1, options)[0]!, plain(1 + 0.2 * 10));
        expectClose(steps(name, W(), [1], 0.1, options, false)[0]!, plain(1));
      });
    }

    it('each finds the bottom of a valley, and leaves what it is given as it was', () => {
      for (const name of Object.keys(OPTIMIZERS) as OptimizerName[]) {
        const start = tf.tensor1d([3, -2]);
        const optimizer = createOptimizer(name, 0.03, { weightDecay: 0 });
        let params: readonly tf.Tensor[] = [start];
        let state = optimizer.init(params);
        for (let step = 1; step <= 300; step++) {
          // L = (W1 - 1)² + 2 (W2 - 1)²
          const grads = [tf.mul(tf.sub(params[0]!, 1), tf.tensor1d([2, 4]))];
          ({ params, state } = optimizer.update({ params, grads, decays: [true] }, state, step));
        }
        for (const value of params[0]!.dataSync()) expect(value, name).to.be.closeTo(1, 0.05);
        expectClose(start, [3, -2], 0);
      }
    });

    it('what is remembered has names, and the shapes of the parameters', () => {
      const params = [tf.ones([2, 3]), tf.ones([3])];
      const remembered = Object.fromEntries(
        (Object.keys(OPTIMIZERS) as OptimizerName[]).map((name) => [name, createOptimizer(name, 0.1).init(params)]),
      );
      expect(Object.entries(remembered).map(([name, state]) => [name, ...Object.keys(state)])).to.deep.equal([
        ['sgd'],
        ['momentum', 'velocity'],
        ['nesterov', 'velocity'],
        ['rmsprop', 'meanSquare'],
        ['adam', 'mean', 'meanSquare'],
        ['adamw', 'mean', 'meanSquare'],
      ]);
      for (const list of Object.values(remembered).flatMap((state) => Object.values(state))) {
        expect(list.map(({ shape }) => shape)).to.deep.equal([[2, 3], [3]]);
      }
    });
  });
});

describe('chain, by hand', () => {
  onEachBackend(() => {
    const given = (W: number, dW: number) => ({ params: [tf.scalar(W)], grads: [tf.scalar(dW)], decays: [true] });

    it('each link sees what those before it made of gradients and parameters, in the order given', () => {
      // Clipped to 1 before the decay adds 0.5 · 2: the step is 0.1 · 2. The other way round: 3 + 1 is clipped to 1.
      const one = chain(0.1, clipping(1), decay(0.5), sgd()).update(given(2, 3), {}, 1);
      expectClose(one.params[0]!, tf.scalar(2 - 0.1 * 2));
      const other = chain(0.1, decay(0.5), clipping(1), sgd()).update(given(2, 3), {}, 1);
      expectClose(other.params[0]!, tf.scalar(2 - 0.1));
      // Decoupled: to 2 · (1 - 0.1 · 0.5) first, then the step.
      const apart = chain(0.1, decoupledDecay(0.5), sgd()).update(given(2, 3), {}, 1);
      expectClose(apart.params[0]!, tf.scalar(2 * 0.95 - 0.3));
    });

    it('the rate may be a schedule, which counts steps from 1', () => {
      const optimizer = chain((step) => 1 / step, sgd());
      expectClose(optimizer.update(given(2, 3), {}, 1).params[0]!, tf.scalar(-1));
      expectClose(optimizer.update(given(2, 3), {}, 4).params[0]!, tf.scalar(2 - 3 / 4));
    });

    it('keeps what each link remembers, by name', () => {
      const counting: Link<{ seen: tf.Tensor[] }> = {
        init: (params) => ({ seen: params.map((W) => tf.zerosLike(W)) }),
        update: (_, { seen }) => ({ state: { seen: seen.map((n) => tf.add(n, 1)) } }),
      };
      const optimizer = chain(0.1, counting, momentum({ momentum: 0.5 }));
      const start = given(2, 3);
      const first = optimizer.update(start, optimizer.init(start.params), 1);
      const { state } = optimizer.update({ ...start, params: first.params }, first.state, 2);
      expect(Object.keys(state)).to.deep.equal(['seen', 'velocity']);
      expectClose(state['seen']![0]!, tf.scalar(2));
      expectClose(state['velocity']![0]!, tf.scalar(0.5 * 3 + 3));
    });
  });
});
