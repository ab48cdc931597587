import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { networkSummary } from '../../src/model/networkSummary';
import { initParams } from '../../src/nn/initialize';
import { parametersOf, tensorsOf, withBatchNorm } from '../../src/nn/network';
import { createRandom } from '../../src/random';
import { useBackend } from '../backend';

describe('networkSummary', () => {
  useBackend('cpu');

  it('counts the post’s network by hand', () => {
    const { layers, ...totals } = networkSummary([784, 256, 10], { activation: 'relu' });
    expect(layers).to.deep.equal([
      { name: 'input', width: 784, parameters: 0 },
      { name: 'hidden 1', width: 256, parameters: 784 * 256 + 256, activation: 'relu' },
      { name: 'output', width: 10, parameters: 256 * 10 + 10, activation: 'softmax' },
    ]);
    expect(totals).to.deep.equal({ parameters: 203_530, statistics: 0, bytes: 814_120 });
  });

  it('counts what the network has, with and without batch normalization, at any depth', () => {
    for (const hidden of [[], [5], [7, 3, 4]]) {
      for (const batchNorm of [false, true]) {
        tf.tidy(() => {
          const options = { init: 'normal', activation: 'tanh' } as const;
          const plain = initParams(6, 2, hidden, createRandom(0, 'init'), options);
          const network = batchNorm ? withBatchNorm(plain) : plain;
          const count = (tensors: readonly tf.Tensor[]) => tensors.reduce((sum, { size }) => sum + size, 0);
          const summary = networkSummary([6, ...hidden, 2], { activation: 'tanh', batchNorm });
          expect(summary.parameters).to.equal(count(parametersOf(network).map(({ tensor }) => tensor)));
          expect(summary.parameters + summary.statistics).to.equal(count(tensorsOf(network)));
          expect(summary.bytes).to.equal(4 * count(tensorsOf(network)));
        });
      }
    }
  });

  it('lists what training puts between the layers, and no softmax over predicted numbers', () => {
    const parts = { activation: 'relu', batchNorm: true, dropout: 0.5, inputDropout: 0.1, task: 'regression' } as const;
    const { layers } = networkSummary([4, 3, 1], parts);
    expect(layers.map(({ name, activation }) => [name, activation])).to.deep.equal([
      ...[
        ['input', undefined],
        ['input dropout', undefined],
        ['hidden 1', undefined],
        ['batch norm 1', 'relu'],
      ],
      ...[
        ['dropout 1', undefined],
        ['output', undefined],
      ],
    ]);
  });
});
