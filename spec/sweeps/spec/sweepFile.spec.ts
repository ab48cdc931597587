import { expect } from 'chai';
import fc from 'fast-check';
import { HandgradError } from '../../../src/errors';
import { DISTRIBUTIONS, draw, valuesOf } from '../../../src/sweeps/spec/distributions';
import { createRandom } from '../../../src/random';
import { failure } from '../../failure';
import { specOf } from './specOf';

const lr = { lr: { values: [0.1, 0.2] } };

describe('readSweep', () => {
  it('reads a file of W&B keys, with names as flags, as W&B or as settings have them', () => {
    const spec = specOf({
      name: 'widths',
      method: 'random',
      metric: { name: 'valAccuracy', goal: 'maximize' },
      parameters: {
        lr: { distribution: 'log_uniform_values', min: 1e-4, max: 1 },
        'batch-size': { min: 16, max: 64 },
        hidden: { values: ['64,32', 128, [256, 256]] },
        shuffle: { values: [true, false] },
      },
      fixed: { val_fraction: 0.2, epochs: 27, activation: 'relu' },
      early_terminate: { type: 'hyperband', min_iter: 3, eta: 3 },
      run_cap: 20,
      seeds: 2,
    });
    expect(spec.parameters['batchSize']).to.deep.equal({ distribution: 'int_uniform', min: 16, max: 64 });
    expect(spec.parameters['hidden']).to.deep.include({ values: [[64, 32], [128], [256, 256]] });
    expect(spec.fixed).to.deep.equal({ valFraction: 0.2, epochs: 27, activation: 'relu' });
    expect(spec.halving).to.deep.equal({ eta: 3, rungs: [3, 9, 27] });
    expect(spec).to.include({ runCap: 20, seeds: 2, seed: 0 });
  });

  it('compares at min_iter times powers of eta, at most s times, or counts s down from all epochs', () => {
    const rungs = (early: object, epochs = 100) =>
      specOf({ method: 'grid', parameters: lr, fixed: { epochs }, early_terminate: { type: 'hyperband', ...early } })
        .halving!.rungs;
    expect(rungs({ min_iter: 2, eta: 2 })).to.deep.equal([2, 4, 8, 16, 32, 64, 100]);
    expect(rungs({ min_iter: 2, eta: 2, s: 2 })).to.deep.equal([2, 4, 100]);
    expect(rungs({ s: 2, eta: 3 }, 81)).to.deep.equal([9, 27, 81]);
  });

  it('judges by the validation split where there is one, else by the test set, and trains the standard epochs', () => {
    expect(specOf({ method: 'grid', parameters: lr }).metric.name).to.equal('testAccuracy');
    expect(specOf({ method: 'grid', parameters: lr, fixed: { valFraction: 0.1 } }).metric.name).to.equal('valAccuracy');
    expect(specOf({ method: 'grid', parameters: lr }).fixed).to.deep.equal({ epochs: 10 });
  });

  const refused: [what: string, content: unknown, says: RegExp][] = [
    ['no mapping', [1], /the file must be a mapping/],
    ['no method', { parameters: lr }, /method must be one of grid, random, bayes/],
    ['no parameters', { method: 'grid', parameters: {} }, /at least one parameter/],
    ['an unknown key', { method: 'grid', parameters: lr, run_caps: 3 }, /no key "run_caps"/],
    [
      'an unknown key of a parameter',
      { method: 'grid', parameters: { lr: { value: 1, vals: [] } } },
      /no key "vals" in parameters\.lr/,
    ],
    ['a program', { method: 'grid', program: 'train.py', parameters: lr }, /trials always run "train"/],
    [
      'a setting that train lacks',
      { method: 'grid', parameters: { lrr: { value: 1 } } },
      /parameters\.lrr is not a setting of train; did you mean lr\?/,
    ],
    [
      'F41 a value out of range',
      { method: 'grid', parameters: { lr: { values: [0.1, -1] } } },
      /parameters\.lr must be a number above 0/,
    ],
    [
      'F41 a range that leaves the setting’s',
      { method: 'random', run_cap: 2, parameters: { testFraction: { min: 0.1, max: 1.5 } } },
      /must be a number above 0 and below 1/,
    ],
    [
      'F41 fractions for a whole number',
      { method: 'random', run_cap: 2, parameters: { epochs: { distribution: 'uniform', min: 1, max: 9 } } },
      /epochs must be a whole number/,
    ],
    [
      'a setting twice',
      { method: 'grid', parameters: { 'batch-size': { value: 8 }, batchSize: { value: 9 } } },
      /are the same setting/,
    ],
    ['a setting searched and fixed', { method: 'grid', parameters: lr, fixed: { lr: 0.1 } }, /is fixed as well/],
    ['min above max', { method: 'random', run_cap: 1, parameters: { lr: { min: 2, max: 1 } } }, /min above its max/],
    [
      'a log scale from 0',
      {
        method: 'random',
        run_cap: 1,
        parameters: { valFraction: { distribution: 'log_uniform_values', min: 0, max: 0.5 } },
      },
      /needs values above 0/,
    ],
    [
      'min without max',
      { method: 'random', run_cap: 1, parameters: { lr: { min: 2 } } },
      /needs value, values, min and max/,
    ],
    [
      'a key of another distribution',
      { method: 'random', run_cap: 1, parameters: { lr: { min: 1, max: 2, q: 1 } } },
      /has q, which int_uniform does not take/,
    ],
    [
      'a missing key',
      { method: 'random', run_cap: 1, parameters: { lr: { distribution: 'normal', mu: 1 } } },
      /lacks sigma/,
    ],
    [
      'probabilities for other values',
      { method: 'random', run_cap: 1, parameters: { lr: { values: [1, 2], probabilities: [1] } } },
      /one probability for each value/,
    ],
    ['a grid over a range', { method: 'grid', parameters: { lr: { min: 0.1, max: 0.2 } } }, /no list of values/],
    ['a random search without an end', { method: 'random', parameters: lr }, /run_cap is missing/],
    [
      'bayes over a normal',
      { method: 'bayes', run_cap: 1, parameters: { lr: { distribution: 'log_normal', mu: 0, sigma: 1 } } },
      /Optuna does not have/,
    ],
    [
      'validation without a split',
      { method: 'grid', metric: { name: 'valLoss', goal: 'minimize' }, parameters: lr },
      /no validation split/,
    ],
    [
      'epochs searched and halved',
      {
        method: 'grid',
        parameters: { epochs: { values: [1, 2] } },
        early_terminate: { type: 'hyperband', min_iter: 1 },
      },
      /itself decides how long to train/,
    ],
    [
      'halving that never happens',
      { method: 'grid', parameters: lr, fixed: { epochs: 2 }, early_terminate: { type: 'hyperband', min_iter: 2 } },
      /never happens within 2 epochs/,
    ],
    [
      'seeds and seed',
      { method: 'grid', parameters: { seed: { values: [1, 2] } }, seeds: 2 },
      /two ways to say the same/,
    ],
    ['an expectation', { method: 'grid', parameters: lr, fixed: { expectAccuracy: 0.9 } }, /cannot be part of a sweep/],
    [
      'F42 __proto__ as a setting',
      JSON.parse('{"method":"grid","parameters":{"__proto__":{"value":1},"lr":{"value":1}}}'),
      /__proto__/,
    ],
    [
      'F42 constructor as a setting',
      { method: 'grid', parameters: lr, fixed: { constructor: 1 } },
      /is not a setting of train/,
    ],
    [
      'more values than can be counted',
      { method: 'random', run_cap: 1, parameters: { lr: { distribution: 'q_uniform', min: 1e-9, max: 1e9, q: 1e-9 } } },
      /more values than can be counted/,
    ],
  ];
  for (const [what, content, says] of refused) {
    it(`refuses ${what}`, async () => expect(await failure('usage', () => specOf(content))).to.match(says));
  }

  it('F42 whatever a file holds, the answer is a sweep of finite settings or one sentence, at once', () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(NaN, Infinity, -0, undefined, '__proto__', Number.MAX_VALUE, -1, 0, 0.5, 3),
    );
    const positive = fc.double({ min: 1e-6, max: 2, noNaN: true });
    const plausible = fc.oneof(
      fc
        .tuple(positive, positive)
        .map(([a, b]) => ({ distribution: 'log_uniform_values', min: Math.min(a, b), max: Math.max(a, b) })),
      fc.record({ values: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }) }),
      fc.integer({ min: 1, max: 9 }).map((min) => ({ min, max: 9 })),
    );
    const wild = fc.record(
      {
        distribution: fc.constantFrom(...Object.keys(DISTRIBUTIONS), 'beta'),
        ...{ value: odd, values: fc.array(odd, { maxLength: 4 }), min: odd, max: odd, mu: odd, sigma: odd, q: odd },
        probabilities: fc.array(odd, { maxLength: 4 }),
      },
      { requiredKeys: [] },
    );
    const parameter = fc.oneof({ weight: 4, arbitrary: plausible }, wild, odd);
    const names = fc.constantFrom('lr', 'batch-size', 'epochs', 'seed');
    const anyName = fc.constantFrom('lr', 'hidden', '__proto__', 'constructor', 'run-dir', 'toString');
    const file = fc.record(
      {
        method: fc.constantFrom('grid', 'random', 'bayes'),
        parameters: fc.oneof(
          { weight: 8, arbitrary: fc.dictionary(names, parameter, { minKeys: 1, maxKeys: 2 }) },
          fc.dictionary(anyName, parameter, { maxKeys: 3 }),
          odd,
        ),
        run_cap: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 9 }) }, odd),
        fixed: fc.oneof(
          { weight: 4, arbitrary: fc.constant({ epochs: 9 }) },
          fc.dictionary(anyName, odd, { maxKeys: 2 }),
          odd,
        ),
        metric: fc.oneof({ weight: 4, arbitrary: fc.constant({ name: 'loss', goal: 'minimize' }) }, odd),
        early_terminate: fc.oneof(
          fc.constant({ type: 'hyperband', min_iter: 3 }),
          fc.record({ min_iter: odd, s: odd }),
        ),
        seeds: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(1, 2) }, odd),
      },
      { requiredKeys: ['method', 'parameters', 'run_cap'] },
    );
    let accepted = 0;
    const answers = (content: unknown) => {
      try {
        const spec = specOf(content);
        accepted++;
        expect(JSON.parse(JSON.stringify(spec))).to.deep.equal(JSON.parse(JSON.stringify(specOf(content))));
        const random = createRandom(1, 'sweep');
        for (const value of Object.values(spec.parameters)) {
          const drawn = draw(value, random);
          if (typeof drawn === 'number') expect(Number.isFinite(drawn)).to.be.true;
          const all = valuesOf(value);
          if (all && all.length < 1000) expect(all).to.not.be.empty;
        }
      } catch (error) {
        if (!(error instanceof HandgradError)) throw error;
        expect(error.kind).to.equal('usage');
        expect(error.message).to.match(/^[^\n]+\.$|\?$/);
      }
    };
    fc.assert(fc.property(fc.oneof({ weight: 9, arbitrary: file }, fc.jsonValue()), answers), {
      numRuns: 1500,
      seed: 7,
    });
    // A property that refuses everything would say nothing.
    expect(accepted).to.be.above(50);
  });
});
