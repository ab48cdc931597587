import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { dataIterator } from '../../src/training/batches';
import { evaluate, predictProbabilities } from '../../src/training/evaluate';
import { predictClasses } from '../../src/training/predictClasses';
import { createTurn } from '../../src/training/turn';
import { onEachBackend } from '../backend';
import { randomNetwork } from '../nn/randomNetwork';
import { smallDataset } from '../smallDataset';

describe('predictClasses', () => {
  onEachBackend(() => {
    it('gives in one pass what evaluate and predictProbabilities give, and leaves no tensor behind', async () => {
      const network = randomNetwork([20, 6, 3], 5);
      const samples = smallDataset(50);
      const before = tf.memory().numTensors;
      const { probabilities, predicted, loss } = await predictClasses(dataIterator(samples, 7), network);
      expect(tf.memory().numTensors).to.equal(before);
      const rows = await predictProbabilities(dataIterator(samples, 50), network);
      const expected = await evaluate(dataIterator(samples, 50), network);
      rows.flat().forEach((p, i) => expect(probabilities[i]).to.be.closeTo(p, 1e-6));
      const correct = predicted.filter((label, i) => label === samples.labels[i]).length;
      expect(correct / 50).to.be.closeTo(expected.accuracy, 1e-7);
      expect(loss).to.be.closeTo(expected.loss, 1e-5);
    });
  });
});

describe('a turn of the event loop', () => {
  it('lets a signal end a computation that never waits, within a tenth of a second', async () => {
    const stopping = new AbortController();
    const turn = createTurn(stopping.signal);
    const started = performance.now();
    void delay(10).then(() => stopping.abort(new Error('stopped')));
    let ended: unknown;
    while (ended === undefined && performance.now() - started < 5000)
      await turn().catch((error: unknown) => (ended = error));
    expect(ended).to.have.property('message', 'stopped');
    expect(performance.now() - started).to.be.below(1000);
  });
});
