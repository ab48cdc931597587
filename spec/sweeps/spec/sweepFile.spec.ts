import { expect } from 'chai';
import fc from 'fast-check';
import { HandgradError } from '../../../src/errors';
import { DISTRIBUTIONS, draw, gridValues } from '../../../src/sweeps/spec/distributions';
import { createRandom } from '../../../src/random';
import { failure } from '../../failure';
import { readSweep } from '../../../src/sweeps/spec/sweepFile';
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
    const numbers = { method: 'grid', parameters: lr, fixed: { loss: 'huber', valFraction: 0.1 } };
    expect(specOf(numbers).metric).to.deep.equal({ name: 'valRmse', goal: 'minimize' });
    expect(specOf({ method: 'grid', parameters: lr }).fixed).to.deep.equal({ epochs: 10 });
  });

  it('takes the files of W&B as they are, and says what is of no use', () => {
    const notices: string[] = [];
    const spec = readSweep(
      {
        ...{ program: 'train.py', command: ['${env}', 'python'], project: 'demo', entity: 'us', name: 'first try' },
        ...{ method: 'bayes', run_cap: 5, metric: { name: 'val_loss', goal: 'minimize', target: 0.1 } },
        parameters: {
          learning_rate: { distribution: 'log_uniform', min: -9.2, max: -2.3 },
          epochs: { value: 2 },
          optimizer: { parameters: { name: { values: ['adam', 'sgd'] }, weight_decay: { min: 0, max: 0.1 } } },
          dropout: { distribution: 'categorical_w_probabilities', values: [0, 0.5], probabilities: [0.3, 0.7] },
        },
      },
      { notice: (message) => notices.push(message) },
    );
    expect(spec.parameters).to.deep.equal({
      lr: { distribution: 'log_uniform_values', min: 0.000101039401837, max: 0.100258843723 },
      optimizer: { distribution: 'categorical', values: ['adam', 'sgd'] },
      weightDecay: { distribution: 'uniform', min: 0, max: 0.1 },
      dropout: { distribution: 'categorical', values: [0, 0.5], probabilities: [0.3, 0.7] },
    });
    expect(spec.fixed).to.deep.equal({ epochs: 2, valFraction: 0.1 });
    expect(spec.metric).to.deep.equal({ name: 'valLoss', goal: 'minimize' });
    expect(notices).to.have.length(4);
    expect(notices[0]).to.match(/program, command, project and entity are ignored: trials run "train"\./);
    expect(notices[1]).to.equal(
      'learning_rate is log_uniform, whose bounds are natural logarithms: it is searched from 0.000101 to 0.1.',
    );
    expect(notices[2]).to.match(/valLoss needs validation samples: a tenth/);
    expect(notices[3]).to.match(/metric\.target is ignored/);
  });

  it('finds what a nested parameter means, and reads inverse distributions', () => {
    const random = (parameters: object) => specOf({ method: 'random', run_cap: 1, parameters }).parameters;
    const values = { values: [1, 2] };
    expect(random({ train: { parameters: { batch: values, deep: { parameters: { epochs: values } } } } })).to.have.keys(
      ...['batchSize', 'epochs'],
    );
    expect(random({ dropout: { parameters: { rate: { values: [0, 0.5] } } } })).to.have.keys('dropout');
    expect(random({ lr: { distribution: 'inv_log_uniform', min: 0, max: 3 } })['lr']).to.deep.equal({
      ...{ distribution: 'log_uniform_values', min: 0.0497870683679, max: 1 },
    });
    expect(random({ lr: { distribution: 'inv_log_uniform_values', min: 0.1, max: 3 } })['lr']).to.deep.equal({
      ...{ distribution: 'log_uniform_values', min: 0.1, max: 3 },
    });
  });

  it('draws whole numbers for settings that are whole, and others for the rest: 1.0 is 1 in YAML', () => {
    const lr = specOf({ method: 'random', run_cap: 6, parameters: { lr: { min: 1, max: 3 } } }).parameters['lr']!;
    expect(lr.distribution).to.equal('uniform');
    const drawn = Array.from({ length: 6 }, (_, i) => draw(lr, createRandom(i, 'sweep')));
    expect(new Set(drawn).size).to.equal(6);
    const { parameters } = specOf({
      ...{ method: 'random', run_cap: 6, parameters: { seed: { min: 1, max: 3 }, hidden: { min: 8, max: 64 } } },
    });
    for (const one of Object.values(parameters)) expect(one.distribution).to.equal('int_uniform');
  });

  it('moves what has one value to the settings that all trials share', () => {
    const spec = specOf({ method: 'grid', parameters: { seed: { value: 5 }, learning_rate: { value: 0.3 } } });
    expect(spec).to.deep.include({ parameters: {}, fixed: { seed: 5, lr: 0.3, epochs: 10 } });
    const early = { type: 'hyperband', min_iter: 1 };
    const halved = { method: 'grid', parameters: { ...lr, epochs: { value: 3 } }, early_terminate: early };
    expect(specOf(halved).halving?.rungs).to.deep.equal([1, 3]);
  });

  it('knows metrics by the names of other tools, and which way is better', () => {
    const metric = (name: string, fixed = {}) =>
      specOf({ method: 'grid', metric: { name }, parameters: lr, fixed }).metric;
    expect(metric('test_acc')).to.deep.equal({ name: 'testAccuracy', goal: 'maximize' });
    expect(metric('accuracy')).to.deep.equal({ name: 'testAccuracy', goal: 'maximize' });
    expect(metric('accuracy', { valFraction: 0.2 }).name).to.equal('valAccuracy');
    expect(metric('eval/loss', { valFraction: 0.2 })).to.deep.equal({ name: 'valLoss', goal: 'minimize' });
    expect(metric('train_loss')).to.deep.equal({ name: 'loss', goal: 'minimize' });
    expect(metric('rmse')).to.deep.equal({ name: 'testRmse', goal: 'minimize' });
    expect(metric('mae', { valFraction: 0.2 })).to.deep.equal({ name: 'valMae', goal: 'minimize' });
    expect(metric('r2')).to.deep.equal({ name: 'testR2', goal: 'maximize' });
  });

  it('lists every mistake at once', async () => {
    const found = await failure('usage', () =>
      specOf({
        ...{ method: 'random', run_caps: 3, metric: { name: 'valLos' }, seeds: 'two' },
        parameters: { lrr: { value: 1 }, lr: { min: 2, max: 1 }, momentum: { values: [] }, epochs: { valus: [1] } },
        fixed: { seed: -1, valFraction: 0.1 },
      }),
    );
    for (const said of [
      ...[/no key "run_caps"; did you mean run_cap/, /seeds must be a whole number/, /fixed\.seed must be/],
      ...[/parameters\.lrr is not .*did you mean lr\?/, /parameters\.lr has a min above its max/],
      ...[/parameters\.momentum\.values must be a list of at least one/, /"valus" in parameters\.epochs/],
    ])
      expect(found).to.match(said);
    expect(found.split('\n')).to.have.length(8);
    expect(found, 'said once').not.to.include('cannot be used');
    const later = { method: 'random', metric: { name: 'valLos' }, parameters: lr };
    expect(await failure('usage', () => specOf(later))).to.match(/did you mean valLoss[^]*run_cap is missing/);
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
      { method: 'random', run_cap: 1, parameters: { epochs: { min: 1, max: 2, q: 1 } } },
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
      { method: 'grid', metric: { name: 'valLoss', goal: 'minimize' }, fixed: { valFraction: 0 }, parameters: lr },
      /fixed\.valFraction is 0/,
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
          const grid = gridValues(value);
          const all = grid && Array.from({ length: grid.count }, (_, i) => grid.at(i));
          if (all && all.length < 1000) expect(all).to.not.be.empty;
        }
      } catch (error) {
        if (!(error instanceof HandgradError)) throw error;
        expect(error.kind).to.equal('usage');
        for (const line of error.message.split('\n')) expect(line).to.match(/[.?]$|mistakes \(\d+\):$/);
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
