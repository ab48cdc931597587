import { expect } from 'chai';
import { CONFIG_KEYS, resolveConfig, type Setting, settings, type Settings } from '../../src/runs/config';
import { withTableDefaults } from '../../src/runs/tableDefaults';
import { open } from '../data/tables/read';

/** The defaults for a table of so many rows. */
async function defaultsFor(count: number, values: Settings = {}) {
  const typed = await open('x,label\n1,a\n2,b\n');
  return withTableDefaults(resolveConfig([{ values, from: 'options' }]), { ...typed, table: { ...typed.table, count } })
    .config;
}

describe('the defaults of a table', () => {
  it('suit its number of rows', async () => {
    const sizes = [10, 150, 1000, 5000, 100_000, 1_000_000];
    const found = await Promise.all(sizes.map((count) => defaultsFor(count)));
    expect(found.map(({ batchSize, epochs }) => [batchSize, epochs])).to.deep.equal([
      ...[
        [8, 122],
        [32, 38],
        [32, 13],
        [256, 50],
        [256, 5],
        [256, 5],
      ],
    ]);
    for (const config of found) {
      expect(config).to.deep.include({
        ...{ hidden: [128], testFraction: 0.2, normalize: true, init: 'normal' },
        ...{ optimizer: 'adamw', lr: 0.01, weightDecay: 0.3, schedule: 'cosine' },
      });
    }
  });

  it('are those that help names', async () => {
    const typed = await open('x,label\n1,a\n2,b\n');
    const { config, origins } = withTableDefaults(resolveConfig([]), typed);
    const suited = [...origins].flatMap(([key, origin]) => (origin === 'table default' ? [key] : []));
    for (const key of suited) {
      const { tableDefault, help }: Setting = settings[key];
      if (tableDefault === undefined) expect(help, key).to.match(/\(default (on|0\.2)\)$/);
      else if (tableDefault !== 'by the number of rows')
        expect(tableDefault, key).to.equal([config[key]].flat().join());
    }
    const named = CONFIG_KEYS.filter((key) => settings[key].tableDefault !== undefined);
    expect(suited).to.include.members(named);
  });

  it('count the training rows only', async () => {
    expect(await defaultsFor(1000, { limit: 20 })).to.include({ batchSize: 20 });
    const shares = [{ valFraction: 0.5 }, { testFraction: 0.6 }, { folds: 2, valFraction: 0.2 }];
    for (const values of shares) expect((await defaultsFor(1000, values)).epochs, JSON.stringify(values)).to.equal(17);
    expect(await defaultsFor(1000, { folds: 2 })).to.not.have.property('testFraction');
  });

  it('give way to what is given', async () => {
    const given = { hidden: [], batchSize: 7, epochs: 3, normalize: false, schedule: 'step', lr: 0.5 } as const;
    expect(await defaultsFor(1000, given)).to.deep.include(given);
    expect(await defaultsFor(1000, { imageShape: '2x2' })).to.include({ normalize: false });
  });

  it('of the update rule stay together: another optimizer has its own', async () => {
    expect(await defaultsFor(1000, { optimizer: 'sgd' })).to.include({ lr: 0.1, schedule: 'constant' });
    expect(await defaultsFor(1000, { optimizer: 'adamw' })).to.include({ schedule: 'constant' });
    expect((await defaultsFor(1000, { optimizer: 'adamw' })).weightDecay).to.equal(undefined);
  });
});
