import { expect } from 'chai';
import fc from 'fast-check';
import { learningRate, type ScheduleName, SCHEDULES } from '../../src/optim/schedules';

const names = Object.keys(SCHEDULES) as ScheduleName[];
/** 100 steps in 10 epochs, at most 1. */
const run = { lr: 1, totalSteps: 100, stepsPerEpoch: 10, warmupSteps: 0 };
const at = (name: ScheduleName, steps: number[], more = {}) =>
  steps.map((step) => learningRate(name, step, { ...run, ...more }));
const expectRates = (found: number[], wanted: number[]) => {
  found.forEach((rate, i) => expect(rate, `rate ${i}`).to.be.closeTo(wanted[i]!, 1e-9));
};

describe('schedules, by hand', () => {
  it('constant', () => expectRates(at('constant', [1, 50, 100]), [1, 1, 1]));

  it('step falls tenfold after each third, or as told', () => {
    expectRates(at('step', [1, 34, 35, 67, 68, 100]), [1, 1, 0.1, 0.1, 0.01, 0.01]);
    expectRates(at('step', [20, 21, 41], { decay: 0.5, decayEvery: 2 }), [1, 0.5, 0.25]);
  });

  it('exponential falls by its factor in each epoch', () => {
    expectRates(at('exponential', [1, 11, 21]), [1, 0.95, 0.95 ** 2]);
    expectRates(at('exponential', [6], { decay: 0.25 }), [0.5]);
  });

  it('cosine begins at lr, is half of it half way, and ends next to 0', () => {
    expectRates(at('cosine', [1, 51]), [1, 0.5]);
    expect(learningRate('cosine', 100, run)).to.be.closeTo(0.00025, 1e-5);
  });

  it('one-cycle rises from lr/25 in 30% of the run and falls to next to 0', () => {
    expectRates(at('one-cycle', [30, 31]), [1, 1]);
    expectRates(at('one-cycle', [15]), [0.04 + 0.96 / 2]);
    expect(learningRate('one-cycle', 1, run)).to.be.within(0.04, 0.05);
    expect(learningRate('one-cycle', 100, run)).to.be.lessThan(0.001);
    expectRates(at('one-cycle', [5, 10, 11], { warmupSteps: 10 }), [0.52, 1, 1]);
  });

  it('warmup rises evenly, and the schedule begins after it', () => {
    expectRates(at('constant', [1, 2, 5, 20, 21], { warmupSteps: 20 }), [0.05, 0.1, 0.25, 1, 1]);
    expectRates(at('cosine', [20, 21, 61], { warmupSteps: 20 }), [1, 1, 0.5]);
  });

  it('every schedule stays in (0, lr] and never rises after the rise, whatever the run', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(100), fc.constantFrom(...names), (total, warm, name) => {
        const options = { lr: 0.3, totalSteps: total, stepsPerEpoch: 7, warmupSteps: Math.min(warm, total - 1) };
        const rise = name === 'one-cycle' && options.warmupSteps === 0 ? Math.round(0.3 * total) : options.warmupSteps;
        let last = 0;
        for (let step = 1; step <= total; step++) {
          const rate = learningRate(name, step, options);
          expect(rate).to.be.greaterThan(0).and.at.most(0.3);
          if (step <= rise) expect(rate).to.be.greaterThan(last);
          else if (step > rise + 1) expect(rate).to.be.at.most(last);
          last = rate;
        }
      }),
      { numRuns: 50 },
    );
  });
});
