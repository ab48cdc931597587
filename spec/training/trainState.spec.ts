import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { initParams } from '../../src/nn/initialize';
import { withBatchNorm } from '../../src/nn/network';
import { createOptimizer } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { disposeState, mapTensors, namedTensors, startState, stateTensors } from '../../src/training/trainState';
import { useBackend } from '../backend';

describe('the tensors of a training state', () => {
  useBackend('cpu');

  /** A state that keeps whatever a state can keep. */
  const everything = () =>
    startState(withBatchNorm(initParams(4, 3, [2], createRandom(0, 'init'))), createOptimizer('adam', 0.1), {
      normalization: { mean: tf.tensor1d([0.5]), std: tf.tensor1d([2]) },
      averages: true,
      best: true,
      accuracy: true,
    });

  it('have names, each its own: those of a model file for the network, and for what belongs to it', () => {
    const state = everything();
    const network = ['W1', 'b1', 'g1', 'mean1', 'variance1', 'W2', 'b2'];
    const trained = ['W1', 'b1', 'g1', 'W2', 'b2'];
    expect([...namedTensors(state).keys()]).to.have.members([
      ...network,
      ...trained.flatMap((name) => [`optimizer/mean/${name}`, `optimizer/meanSquare/${name}`]),
      ...['normalization/mean', 'normalization/std'],
      ...network.map((name) => `averages/${name}`),
      ...['best/W1', 'best/b1', 'best/W2', 'best/b2'],
      ...['losses/sum', 'losses/last', 'correct'],
    ]);
    disposeState(state);
  });

  it('are all of them mapped and all of them freed', () => {
    const before = tf.memory().numTensors;
    const state = everything();
    const all = stateTensors(state);
    const ids = (tensors: Iterable<tf.Tensor>) => Array.from(tensors, ({ id }) => id);
    expect(ids(all)).to.have.members(ids(namedTensors(state).values()));
    const doubled = mapTensors(state, (tensor) => tf.mul(tensor, 2));
    expect(stateTensors(doubled)).to.have.length(all.length);
    expect(stateTensors(doubled).some((tensor) => all.includes(tensor))).to.equal(false);
    expect(doubled.network.layers[0]!.W.dataSync()[0]).to.equal(2 * state.network.layers[0]!.W.dataSync()[0]!);
    disposeState(doubled);
    disposeState(state);
    expect(tf.memory().numTensors).to.equal(before);
  });
});
