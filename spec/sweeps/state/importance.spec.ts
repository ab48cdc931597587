import { expect } from 'chai';
import { createRandom } from '../../../src/random';
import { type Parameter, placeIn } from '../../../src/sweeps/spec/distributions';
import { importance } from '../../../src/sweeps/state/importance';
import type { Ranked } from '../../../src/sweeps/state/ranking';
import { askPython, pythonLacks } from '../../model/python';
import { need } from '../../need';
import { specOf } from '../spec/specOf';

const row = (configuration: Ranked['configuration'], value: number, curve = [value]): Ranked => ({
  trial: 0,
  state: 'done',
  configuration,
  value,
  curve,
  epochs: curve.length,
  spread: undefined,
  seconds: 1,
  failures: 0,
  runDirs: [],
  reason: undefined,
});
const parametersOf = (parameters: object): Readonly<Record<string, Parameter>> =>
  specOf({ method: 'random', run_cap: 1, parameters }).parameters;
const LISTS = parametersOf({ lr: { values: [1, 2, 3, 4] }, hidden: { values: [1, 2, 3, 4] } });

const shares = (rows: readonly Ranked[], parameters = LISTS) =>
  Object.fromEntries(importance(rows, parameters).map(({ parameter, share }) => [parameter, share]));
const grid = (value: (lr: number, hidden: number) => number) =>
  [1, 2, 3, 4].flatMap((lr) => [1, 2, 3, 4].map((hidden) => row({ lr, hidden: [hidden] }, value(lr, hidden))));

describe('importance', () => {
  it('is the share of the variance, exactly, for a grid', () => {
    // The variances of 2 lr and of hidden are as 4 to 1.
    const found = shares(grid((lr, hidden) => 2 * lr + hidden));
    expect(found['lr']).to.be.closeTo(0.8, 1e-12);
    expect(found['hidden']).to.be.closeTo(0.2, 1e-12);
    const alone = shares(grid((lr) => lr * lr));
    expect(alone['lr']).to.be.closeTo(1, 1e-12);
    expect(alone['hidden']).to.be.closeTo(0, 1e-12);
  });

  it('leaves to combinations what no parameter explains alone', () => {
    // Only whether the two are equal counts: no mean over one of them depends on the other.
    const found = shares(grid((lr, hidden) => Number(lr === hidden)));
    expect(found['lr']).to.be.closeTo(0, 1e-12);
    expect(found['hidden']).to.be.closeTo(0, 1e-12);
  });

  it('sees a rate of four values whose results differ, in any order (it was given 0% once)', () => {
    const found = importance(
      [
        row({ lr: 0.001, hidden: [8] }, 0.24),
        row({ lr: 0.3, hidden: [8] }, 0.59),
        row({ lr: 0.01, hidden: [8] }, 0.31),
        row({ lr: 0.1, hidden: [8] }, 0.52),
        row({ lr: 0.001, hidden: [16] }, 0.26),
        row({ lr: 0.3, hidden: [16] }, 0.57),
      ],
      parametersOf({ lr: { values: [0.3, 0.001, 0.1, 0.01] }, hidden: { values: [8, 16] } }),
    );
    expect(found[0]).to.include({ parameter: 'lr' });
    expect(found[0]!.share).to.be.above(0.9);
    expect(found[0]!.correlation).to.be.above(0.9);
  });

  it('leaves out constants, and gives the direction of numbers only', () => {
    const rows = grid((lr, hidden) => hidden - 3 * lr).map((one) => ({
      ...one,
      configuration: { ...one.configuration, epochs: 3, seed: 1 },
    }));
    const found = importance(rows, { ...LISTS, ...parametersOf({ epochs: { value: 3 }, seed: { values: [1, 2] } }) });
    expect(found.map(({ parameter }) => parameter)).to.deep.equal(['lr', 'hidden']);
    expect(found[0]!.correlation).to.be.below(-0.9);
    // A list of one number is a number: the width of the only hidden layer.
    expect(found[1]!.correlation).to.be.within(0.2, 0.9);
  });

  it('gives no direction to lists of several numbers', () => {
    const rows = [[8], [8, 4], [16], [16, 8]].map((hidden, i) => row({ lr: 1, hidden }, i + 1));
    const [found] = importance(
      rows,
      parametersOf({ lr: { values: [1, 2] }, hidden: { values: [8, '8,4', 16, '16,8'] } }),
    );
    expect(found).to.include({ parameter: 'hidden', correlation: null });
  });

  it('compares trials that stopped early with what the others had then', () => {
    const rows = [1, 1, 2, 2].flatMap((lr) => [
      row({ lr, hidden: [1] }, lr, [lr]),
      row({ lr, hidden: [2] }, 9, [lr, 9]),
    ]);
    expect(shares(rows)['lr']).to.be.closeTo(1, 1e-9);
  });

  it('says nothing of too few results or of equal ones', () => {
    expect(shares(grid((lr) => lr).slice(0, 3))).to.deep.equal({});
    expect(shares(grid(() => 1))).to.deep.equal({});
  });

  /** Random trials whose results are a sum, so that the shares are the variances of its terms. */
  const summed = (lrOf: (unit: number) => number, termOf: (lr: number) => number) => {
    const random = createRandom(3, 'sweep');
    return Array.from({ length: 200 }, () => {
      const [lr, momentum] = [lrOf(random.uniform()), 0.5 + 0.49 * random.uniform()];
      const batchSize = 1 + random.integer(64);
      const activation = ['relu', 'tanh', 'gelu'][random.integer(3)]!;
      const value = termOf(lr) - batchSize / 40 + (activation === 'tanh' ? 1 : 0) + random.normal(0, 0.1);
      return { lr, momentum, batchSize, activation, value };
    });
  };
  const OTHERS = {
    momentum: { min: 0.5, max: 0.99 },
    'batch-size': { min: 1, max: 64 },
    activation: { values: ['relu', 'tanh', 'gelu'] },
  };
  const sharesOf = (trials: ReturnType<typeof summed>, lr: object) =>
    shares(
      trials.map(({ value, ...configuration }) => row(configuration, value)),
      parametersOf({ lr, ...OTHERS }),
    );

  it('is the share of the variance of random trials, of rates by their logarithm, whichever value stands first', () => {
    const found = sharesOf(
      summed(
        (unit) => 10 ** (-4 * unit),
        (lr) => Math.log10(lr) / 2,
      ),
      {
        distribution: 'log_uniform_values',
        min: 1e-4,
        max: 1,
      },
    );
    // The variances of uniform terms over ranges of 2 and 1.6, of 1 in a third of the cases, and of the noise.
    const variances = { lr: 4 / 12, batchSize: 1.6 ** 2 / 12, activation: 2 / 9, momentum: 0 };
    const total = Object.values(variances).reduce((sum, one) => sum + one, 0.01);
    for (const [key, one] of Object.entries(variances)) expect(found[key], key).to.be.closeTo(one / total, 0.05);
  });

  it("is that of Optuna's fANOVA, which takes ranges as they are", function () {
    need(this, pythonLacks('optuna', 'sklearn'));
    const trials = summed(
      (unit) => unit,
      (lr) => 2 * lr,
    );
    const found = sharesOf(trials, { min: 1e-6, max: 1 });
    const expected = askPython(OPTUNA, JSON.stringify(trials)) as Record<string, number>;
    expect(Object.keys(found)).to.have.members(Object.keys(expected));
    for (const [key, share] of Object.entries(expected)) expect(found[key], key).to.be.closeTo(share, 0.05);
  });
});

const OPTUNA = `
import json, sys, warnings
import optuna
warnings.simplefilter('ignore')
optuna.logging.set_verbosity(optuna.logging.ERROR)
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
space = dict(lr=FloatDistribution(1e-6, 1), momentum=FloatDistribution(0.5, 0.99),
             batchSize=IntDistribution(1, 64), activation=CategoricalDistribution(['relu', 'tanh', 'gelu']))
study = optuna.create_study()
for trial in json.loads(sys.argv[1]):
    value = trial.pop('value')
    study.add_trial(optuna.create_trial(params=trial, distributions=space, value=value))
evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
print(json.dumps(optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)))
`;

describe('placeIn', () => {
  it('is the probability of a smaller value, by hand', () => {
    const {
      lr,
      momentum,
      seed,
      hidden,
      weightDecay: decay,
    } = parametersOf({
      lr: { distribution: 'log_uniform_values', min: 0.001, max: 0.1 },
      momentum: { min: 0.5, max: 0.9 },
      seed: { min: 0, max: 9 },
      hidden: { values: [1, 2] },
      'weight-decay': { distribution: 'log_normal', mu: -5, sigma: 1 },
    });
    expect(placeIn(lr!, 0.01)).to.be.closeTo(0.5, 1e-12);
    expect(placeIn(momentum!, 0.6)).to.be.closeTo(0.25, 1e-12);
    expect(placeIn(seed!, 0)).to.be.closeTo(0.05, 1e-12);
    expect(placeIn(hidden!, 1)).to.equal(undefined);
    expect(placeIn(decay!, Math.exp(-5))).to.be.closeTo(0.5, 1e-3);
    expect(placeIn(decay!, Math.exp(-4))).to.be.closeTo(0.8413, 1e-3);
    // A sweep whose ranges were changed has trials outside of them.
    expect(placeIn(momentum!, 5)).to.equal(1);
    expect(placeIn(lr!, -1)).to.equal(undefined);
  });
});
