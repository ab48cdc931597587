import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { initParams } from '../../src/nn/initialize';
import { LOSSES, type LossName } from '../../src/nn/losses';
import { createRandom } from '../../src/random';
import { gradcheck } from '../../src/training/gradcheck';
import { onEachBackend } from '../backend';
import { randomTensor } from '../finiteDifferences';

describe('gradcheck', () => {
  onEachBackend((backend) => {
    for (const hiddens of [[], [256], [32, 16], [16, 16, 16]]) {
      it(`finds the gradients of a fresh network right, hidden layers: [${hiddens.join(', ')}]`, async () => {
        const network = initParams(784, 10, hiddens, createRandom(0, 'init'));
        const X = tf.relu(randomTensor<tf.Rank.R2>([4, 784], 3));
        const batch = { X, y: tf.tensor1d([1, 0, 9, 4], 'int32') };
        const results = await gradcheck({ network, batch, random: createRandom(0, 'gradcheck'), entries: 10 });
        expect(results.map(({ name }) => name)).to.deep.equal(
          hiddens.concat(10).flatMap((_, l) => [`W${l + 1}`, `b${l + 1}`]),
        );
        for (const { name, entries, relativeError } of results) {
          expect(entries, name).to.be.greaterThan(4);
          expect(relativeError, name).to.be.lessThan(2e-3);
        }
      });
    }

    for (const loss of Object.keys(LOSSES) as LossName[]) {
      for (const weighted of [false, true]) {
        it(`finds the gradients of ${loss} right${weighted ? ', with weights' : ''}`, async () => {
          const network = initParams(20, 3, [16, 8], createRandom(0, 'init'), { init: 'he' });
          const batch = {
            X: randomTensor<tf.Rank.R2>([6, 20], 3),
            y: tf.tensor1d([1, 0, 2, 2, 1, 0], 'int32'),
            ...(loss !== 'cross-entropy' && { T: randomTensor<tf.Rank.R2>([6, 3], 4) }),
            ...(weighted && { w: tf.tensor2d([0.5, 2, 0, 1, 3, 0.1], [6, 1]) }),
          };
          const random = createRandom(0, 'gradcheck');
          const results = await gradcheck({ network, batch, random, loss, lossOptions: { delta: 0.5 } });
          for (const { name, entries, relativeError } of results) {
            expect(entries, name).to.be.greaterThan(1);
            expect(relativeError, name).to.be.lessThan(2e-3);
          }
        });
      }
    }

    it('does not claim to have compared gradients that float32 cannot show', async () => {
      const network = initParams(30, 4, [32, 32, 32], createRandom(0, 'init'), { activation: 'sigmoid' });
      const batch = { X: randomTensor<tf.Rank.R2>([4, 30], 3), y: tf.tensor1d([1, 0, 3, 2], 'int32') };
      const random = createRandom(0, 'gradcheck');
      const results = await gradcheck({ network, batch, random, entries: 6 });
      expect(results[0]).to.deep.equal({ name: 'W1', entries: 0, relativeError: NaN });
      expect(results.at(-2)!.entries).to.equal(6);
      expect(results.at(-2)!.relativeError).to.be.lessThan(1e-3);
    });

    it('leaves no tensor behind, also when the backend fails half way', async () => {
      const network = initParams(6, 3, 4, createRandom(0, 'init'));
      const batch = { X: randomTensor<tf.Rank.R2>([2, 6]), y: tf.tensor1d([1, 0], 'int32') };
      const before = tf.memory().numTensors;
      await gradcheck({ network, batch, random: createRandom(0, 'gradcheck') });
      expect(tf.memory().numTensors).to.equal(before);
      let draws = 0;
      const failing = {
        ...createRandom(0, 'gradcheck'),
        integer: () => {
          if (draws++ > 0) throw new Error('half way');
          return 0;
        },
      };
      let message = '';
      await gradcheck({ network, batch, random: failing, entries: 6 }).catch(
        (error: Error) => (message = error.message),
      );
      expect(message).to.equal('half way');
      expect(tf.memory().numTensors, backend).to.equal(before);
    });
  });
});
