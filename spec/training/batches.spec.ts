import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { Augment } from '../../src/data/augment';
import type { Samples } from '../../src/data/samples';
import { type Batch, dataIterator, targetsOf } from '../../src/training/batches';
import { onEachBackend } from '../backend';

const samples: Samples = {
  features: Uint8Array.from([0, 51, 102, 153, 204, 255, 10, 20, 30, 40]),
  scale: 1 / 255,
  labels: Int32Array.from([0, 1, 2, 3, 4]),
  count: 5,
  numInputs: 2,
};

describe('dataIterator', () => {
  onEachBackend(() => {
    it('gives the samples in order, scaled, the last batch with what is left', () => {
      const batches = [...tf.tidy(() => Array.from(read(samples, 2)))];
      expect(batches.map(({ y }) => y)).to.deep.equal([[0, 1], [2, 3], [4]]);
      expect(batches[0]!.X[0]![1]).to.be.closeTo(0.2, 1e-7);
      expect(batches[1]!.X).to.deep.equal([
        [Math.fround(204 * (1 / 255)), 1],
        [Math.fround(10 * (1 / 255)), Math.fround(20 * (1 / 255))],
      ]);
      const { numBatches, numSamples } = dataIterator(samples, 2);
      expect({ numBatches, numSamples }).to.deep.equal({ numBatches: 3, numSamples: 5 });
    });

    it('gives every byte as the float32 nearest to byte/255, as ToTensor does', () => {
      const features = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const [batch] = tf.tidy(() => [
        ...read({ features, scale: 1 / 255, labels: Int32Array.of(0), count: 1, numInputs: 256 }, 1),
      ]);
      expect(batch!.X[0]).to.deep.equal(Array.from(features, (byte) => Math.fround(byte / 255)));
    });

    it('gives numbers as they are, also those that are no bytes', () => {
      const features = Float32Array.from([-1.5, 1e30, 0.1, 300]);
      const [batch] = tf.tidy(() => [
        ...read({ features, scale: 1, labels: Int32Array.of(0, 1), count: 2, numInputs: 2 }, 2),
      ]);
      expect(batch!.X.flat()).to.deep.equal(Array.from(features));
    });

    it('leaves a copy of a batch what it was when the next one comes', () => {
      for (const given of [samples, { ...samples, features: Float32Array.from(samples.features), scale: 1 }]) {
        const kept: tf.Tensor[] = [];
        for (const { X } of dataIterator(given, 2)) kept.push(X.clone());
        const values = kept.flatMap((X) => Array.from(X.dataSync(), (x) => Math.round(x / given.scale)));
        expect(values).to.deep.equal(Array.from(samples.features));
        tf.dispose(kept);
      }
    });

    it('brings targets and weights of the same samples, and the weights as a column', () => {
      const numbers = {
        ...samples,
        targets: Float32Array.from([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]),
        weights: Float32Array.from([0, 10, 20, 30, 40]),
      };
      for (const augment of [undefined, (() => {}) as Augment]) {
        const seen: number[] = [];
        for (const { y, T, w } of dataIterator(numbers, 2, { shuffleSeed: 3, augment })) {
          const labels = y.arraySync();
          expect(T!.arraySync()).to.deep.equal(labels.map((label) => [label, label + 0.5]));
          expect(w!.arraySync()).to.deep.equal(labels.map((label) => [10 * label]));
          seen.push(...labels);
        }
        expect(seen.sort()).to.deep.equal([0, 1, 2, 3, 4]);
      }
    });

    it('targetsOf gives targets, and else the one-hot rows of the labels', () => {
      for (const batch of dataIterator(samples, 5)) {
        expect(batch).to.have.keys('X', 'y');
        expect(targetsOf(batch, 5).arraySync()[3]).to.deep.equal([0, 0, 0, 1, 0]);
        const T = tf.ones<tf.Rank.R2>([5, 2]);
        expect(targetsOf({ ...batch, T }, 2)).to.equal(T);
      }
    });

    it('every pass has an order of its own, each with every sample once and its own label', () => {
      const iterator = dataIterator(samples, 2, { shuffleSeed: 5 });
      const passes = Array.from({ length: 8 }, () => {
        const rows: [number, number][] = [];
        for (const { X, y } of iterator) {
          const xs = X.arraySync();
          y.arraySync().forEach((label, i) => rows.push([label, Math.round(xs[i]![0]! * 255)]));
        }
        return rows;
      });
      for (const pass of passes) {
        expect([...pass].sort(([a], [b]) => a - b)).to.deep.equal([
          [0, 0],
          [1, 102],
          [2, 204],
          [3, 10],
          [4, 30],
        ]);
      }
      expect(new Set(passes.map(String)).size).to.be.greaterThan(4);
    });

    it('the order is a function of the seed and the epoch: a pass can be had again, and what is left of one', () => {
      const labels = (batches: Iterable<Batch>) => Array.from(batches, ({ y }) => Array.from(y.dataSync()));
      const iterator = dataIterator(samples, 2, { shuffleSeed: 5 });
      const loops = [labels(iterator), labels(iterator), labels(iterator)];
      const passes = [0, 1, 2].map((epoch) => labels(dataIterator(samples, 2, { shuffleSeed: 5 }).pass(epoch)));
      expect(passes).to.deep.equal(loops);
      expect(labels(iterator.pass(1, 1))).to.deep.equal(loops[1]!.slice(1));
      const others = labels(dataIterator(samples, 2, { shuffleSeed: 6 }).pass(0));
      expect(others).not.to.deep.equal(loops[0]);
      expect(labels(dataIterator(samples, 2).pass(3))).to.deep.equal([[0, 1], [2, 3], [4]]);
    });

    it('an augmentation is told the row and the epoch, and whatever it writes is what the batch holds', () => {
      const seen: string[] = [];
      const augment: Augment = (from, row, epoch, to, at) => {
        seen.push(`${epoch}:${row}`);
        to.set([from[2 * row + 1]!, from[2 * row]!], at);
      };
      const mirrored = Array.from(dataIterator(samples, 5, { augment }).pass(4), ({ X }) =>
        Array.from(X.dataSync(), (x) => Math.round(x * 255)),
      );
      expect(mirrored).to.deep.equal([[51, 0, 153, 102, 255, 204, 20, 10, 40, 30]]);
      expect(seen).to.deep.equal(['4:0', '4:1', '4:2', '4:3', '4:4']);
    });

    it('holds one batch at a time, and none after the loop, also when the loop is left early', () => {
      const before = tf.memory().numTensors;
      for (const { X } of dataIterator(samples, 2)) {
        expect(X.isDisposed).to.be.false;
        expect(tf.memory().numTensors).to.equal(before + 2);
      }
      expect(tf.memory().numTensors).to.equal(before);
      for (const { y } of dataIterator(samples, 2)) if (y.size > 0) break;
      expect(tf.memory().numTensors).to.equal(before);
      const numbers = { ...samples, targets: new Float32Array(5), weights: new Float32Array(5) };
      for (const { T } of dataIterator(numbers, 2)) expect(T!.isDisposed).to.equal(false);
      expect(tf.memory().numTensors).to.equal(before);
    });
  });
});

function* read(samples: Samples, batchSize: number) {
  for (const { X, y } of dataIterator(samples, batchSize)) yield { X: X.arraySync(), y: y.arraySync() };
}
