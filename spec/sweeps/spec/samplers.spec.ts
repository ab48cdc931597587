import { expect } from 'chai';
import { createRandom } from '../../../src/random';
import { draw, fromOptuna, type Parameter, gridValues } from '../../../src/sweeps/spec/distributions';
import { type Configuration, configurationKey, gridSize, nextConfiguration } from '../../../src/sweeps/spec/samplers';
import type { SweepSpec } from '../../../src/sweeps/spec/sweepFile';
import { specOf } from './specOf';

/** The first configurations that a sweep asks for. */
function configurations(spec: SweepSpec, count: number): Configuration[] {
  const made = new Set<string>();
  const found: Configuration[] = [];
  let cursor = 0;
  while (found.length < count) {
    const next = nextConfiguration(spec, made, cursor);
    if (!next) break;
    ({ cursor } = next);
    made.add(configurationKey(next.configuration));
    found.push(next.configuration);
  }
  return found;
}

describe('samplers', () => {
  it('a grid is every combination once, the last parameter fastest', () => {
    const spec = specOf({
      method: 'grid',
      parameters: { lr: { values: [0.1, 0.2] }, epochs: { min: 2, max: 4 }, seed: { values: [5] } },
    });
    expect(gridSize(spec)).to.equal(6);
    expect(configurations(spec, 100).map(({ lr, epochs, seed }) => [lr, epochs, seed])).to.deep.equal([
      [0.1, 2, 5],
      [0.1, 3, 5],
      [0.1, 4, 5],
      [0.2, 2, 5],
      [0.2, 3, 5],
      [0.2, 4, 5],
    ]);
  });

  it('a grid leaves out what has been made, wherever the search goes on', () => {
    const spec = specOf({ method: 'grid', parameters: { lr: { values: [0.3, 0.1, 0.2] } } });
    const made = new Set([configurationKey({ lr: 0.1 }), configurationKey({ lr: 0.2 })]);
    expect(nextConfiguration(spec, made)?.configuration).to.deep.equal({ lr: 0.3 });
    expect(nextConfiguration(spec, new Set([...made, configurationKey({ lr: 0.3 })]))).to.equal(undefined);
  });

  const random = (more: object = {}) =>
    specOf({
      method: 'random',
      run_cap: 50,
      parameters: { lr: { distribution: 'log_uniform_values', min: 1e-4, max: 1 }, hidden: { values: [8, 16, 32] } },
      ...more,
    });

  it('random search repeats itself by its seed alone, and goes on as if it had never stopped', () => {
    const all = configurations(random(), 50);
    expect(configurations(random(), 50)).to.deep.equal(all);
    expect(configurations(random({ seed: 1 }), 50)).not.to.deep.equal(all);
    const made = new Set(all.slice(0, 20).map(configurationKey));
    expect(nextConfiguration(random(), made)?.configuration).to.deep.equal(all[20]);
  });

  it('random search draws no configuration twice, and ends when there is no other', () => {
    const spec = random({ parameters: { hidden: { values: [8, 16, 32] }, batchSize: { min: 1, max: 3 } } });
    const found = configurations(spec, 100);
    expect(found).to.have.length(9);
    expect(new Set(found.map(configurationKey)).size).to.equal(9);
  });

  const draws = (parameter: Parameter, count = 4000) => {
    const generator = createRandom(3, 'sweep');
    return Array.from({ length: count }, () => draw(parameter, generator) as number);
  };
  const below = (values: readonly number[], limit: number) =>
    values.filter((value) => value < limit).length / values.length;

  it('distributions are what they say', () => {
    expect(below(draws({ distribution: 'uniform', min: 2, max: 6 }), 3)).to.be.closeTo(0.25, 0.03);
    expect(below(draws({ distribution: 'log_uniform_values', min: 1e-4, max: 1 }), 1e-2)).to.be.closeTo(0.5, 0.03);
    expect(below(draws({ distribution: 'normal', mu: 5, sigma: 2 }), 3)).to.be.closeTo(0.1587, 0.03);
    expect(below(draws({ distribution: 'log_normal', mu: 0, sigma: 1 }), 1)).to.be.closeTo(0.5, 0.03);
    const whole = draws({ distribution: 'int_uniform', min: -1, max: 2 });
    expect([...new Set(whole)].sort((a, b) => a - b)).to.deep.equal([-1, 0, 1, 2]);
    expect(below(whole, 0)).to.be.closeTo(0.25, 0.03);
    const weighted = draws({ distribution: 'categorical', values: [1, 2, 3], probabilities: [1, 0, 3] });
    expect(below(weighted, 2)).to.be.closeTo(0.25, 0.03);
    expect(weighted).not.to.include(2);
  });

  it('multiples of q stay within the range, and are numbers without dust', () => {
    const values = draws({ distribution: 'q_uniform', min: 0.05, max: 0.36, q: 0.1 });
    expect([...new Set(values)].sort()).to.deep.equal([0.1, 0.2, 0.3]);
    const { count, at } = gridValues({ distribution: 'q_uniform', min: 0.05, max: 0.36, q: 0.1 })!;
    expect(Array.from({ length: count }, (_, i) => at(i))).to.deep.equal([0.1, 0.2, 0.3]);
    const logs = draws({ distribution: 'q_log_uniform_values', min: 16, max: 1024, q: 16 });
    expect(logs.every((value) => value % 16 === 0 && value >= 16 && value <= 1024)).to.be.true;
    expect(below(logs, 128)).to.be.closeTo(0.5, 0.05);
  });

  it('what Optuna answers becomes the setting’s value', () => {
    expect(fromOptuna({ distribution: 'categorical', values: [[64, 32], [8]] }, '[64,32]')).to.deep.equal([64, 32]);
    expect(fromOptuna({ distribution: 'q_log_uniform_values', min: 16, max: 64, q: 16 }, 61.2)).to.equal(64);
    expect(fromOptuna({ distribution: 'log_uniform_values', min: 0.1, max: 1 }, 0.25)).to.equal(0.25);
  });

  it('F101 enumerates a grid of any size lazily', () => {
    for (const parameter of [
      { min: 0, max: 2_000_000_000 },
      { distribution: 'q_uniform', min: 0, max: 2_000_000_000, q: 1 },
    ]) {
      const spec = specOf({ method: 'grid', parameters: { seed: parameter }, run_cap: 3 });
      const began = performance.now();
      const made = new Set<string>();
      for (let trial = 0, cursor = 0; trial < 3; trial++) {
        const next = nextConfiguration(spec, made, cursor)!;
        expect(next.configuration).to.deep.equal({ seed: trial });
        made.add(configurationKey(next.configuration));
        cursor = next.cursor;
      }
      expect(performance.now() - began).to.be.below(500);
    }
  });
});
