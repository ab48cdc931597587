import { expect } from 'chai';
import { createLoss } from '../../src/nn/losses';
import { mlp } from '../../src/nn/mlp';
import type { Safetensors } from '../../src/model/safetensors';
import { createOptimizer } from '../../src/optim/optimizers';
import { inferenceNetwork, replaceTensors, startState } from '../../src/training/trainState';
import { trainStep } from '../../src/training/trainStep';
import { onEachBackend } from '../backend';
import { deviations, readTrajectories, RUNS } from './trajectory';

describe('ten steps, against PyTorch', () => {
  let file: Safetensors;
  before(async () => {
    file = await readTrajectories();
  });

  onEachBackend(() => {
    for (const [name, { batchNorm }] of Object.entries(RUNS)) {
      it(`${name}: losses, parameters, statistics, and the network in use are within 1e-5`, () => {
        const source = { trainStep, startState, replaceTensors, inferenceNetwork, createOptimizer, createLoss, mlp };
        const found = deviations(name, file, source);
        for (const [what, deviation] of Object.entries(found)) expect(deviation, what).to.be.lessThan(1e-5);
        expect(Object.keys(found)).to.have.length(batchNorm ? 14 : 8);
      });
    }
  });
});
