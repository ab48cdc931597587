import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { addonAbsent, runInChild } from '../backends/child';
import { onEachBackend } from '../backend';
import { need } from '../need';
import { resumeAtEveryStep, VARIANTS } from './everyStep';

const STEPS = { steps: 12, differing: [] };

describe('F02 resuming at every step of two epochs', function () {
  this.timeout(60_000);

  onEachBackend(() => {
    for (const name of Object.keys(VARIANTS)) {
      it(`F02 ${name}: weights, optimizer and metrics to the last bit`, async () => {
        const before = tf.memory().numTensors;
        expect(await resumeAtEveryStep(name)).to.deep.equal(STEPS);
        expect(tf.memory().numTensors).to.equal(before);
      });
    }
  });

  // Once, not again in each process that runs these specs on another backend.
  if (process.env['HANDGRAD_SPEC_BACKEND'] === undefined) {
    it('F02 all of these on tensorflow', async function () {
      need(this, addonAbsent());
      const { stdout, stderr } = await runInChild(`
      const { resumeAtEveryStep, VARIANTS } = require('./spec/training/everyStep');
      require('./src/backends').selectBackend('tensorflow').then(async () => {
        const found = {};
        for (const name of Object.keys(VARIANTS)) found[name] = await resumeAtEveryStep(name);
        console.log(JSON.stringify(found));
      });`);
      const found = JSON.parse(stdout || JSON.stringify(stderr)) as unknown;
      expect(found).to.deep.equal(Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, STEPS])));
    });
  }
});
