import { expect } from 'chai';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../../../src/random';
import { starter, survivors } from '../../../chaos/round';
import { troubleQueue, TROUBLES } from '../../../chaos/troubles';
import { temporaryFolder } from '../../../data/tinyDataset';
import { need } from '../../../need';
import { kill, type Started } from '../../program';
import { redisLacks } from './redisServer';

describe('a queue to which everything comes that troubles it', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  before(function () {
    need(this, redisLacks());
  });
  afterEach(() => survivors(folder()).forEach((pid) => kill(pid)));

  it('F97 F98 each trial that is well is done once, what was set aside is said, and every process ends', async () => {
    mkdirSync(join(folder(), 'disk'));
    const counts: Record<string, number> = {};
    const started: Started[] = [];
    const start = starter(folder());
    const round = {
      ...{ folder: folder(), random: createRandom(1, 'order'), over: () => false, lacks: {} },
      count: (what: string) => void (counts[what] = (counts[what] ?? 0) + 1),
      start: (argv: readonly string[]) => {
        const one = start(argv);
        started.push(one);
        return one;
      },
    };
    let burnt = false;
    await troubleQueue(round, TROUBLES, async (one) => {
      if (typeof one !== 'object' || burnt) return;
      // The one whose runs fail at once goes through all of them before there is a healthy one.
      await one.ended;
      burnt = true;
    });
    expect(counts).to.deep.equal({ ...Object.fromEntries(TROUBLES.map((what) => [what, 1])), 'sweeps compared': 1 });
    const [, sweep, burning] = started;
    expect(sweep!.stderr()).to.match(/Worker \d+ on \S+ cannot train: exit 3: /);
    expect(sweep!.stderr()).to.contain('The queue has entries that are no runs of this sweep; they are removed.');
    expect(sweep!.stdout()).to.match(/Trial \d+: failed/);
    expect(burning!.child.exitCode).to.equal(4);
  });
});
