import { expect } from 'chai';
import path from 'node:path';
import { temporaryFolder } from '../data/tinyDataset';
import { need } from '../need';
import { killInQueue, killLocally } from './kills';
import { handgrad, POINTS, resultsOf, writePoints, writeSweep } from './program';
import { redisLacks, startRedis } from './workers/queue/redisServer';

// HANDGRAD_KILLS=100 is what docs/sweeps.md reports; a few are enough to notice what has broken.
const KILLS = Number(process.env['HANDGRAD_KILLS'] ?? 4);
const SEED = Number(process.env['HANDGRAD_KILL_SEED'] ?? 1);
const MEAN_MS = 1500;

describe('F80 a sweep that is killed again and again', function () {
  this.timeout(60_000 + KILLS * 30_000);
  const folder = temporaryFolder();
  const content = {
    method: 'random',
    run_cap: 8 + KILLS / 2,
    parameters: { lr: { distribution: 'log_uniform_values', min: 0.01, max: 0.5 } },
    fixed: { ...POINTS, epochs: 40, 'checkpoint-every': '3epochs' },
  };
  let expected: Awaited<ReturnType<typeof resultsOf>> | undefined;
  const undisturbed = async () => {
    const { code, stderr } = await handgrad(
      folder(),
      'sweep',
      'sweep.yaml',
      '--workers',
      '2',
      '--run-dir',
      'u',
      '--quiet',
    );
    expect(code, stderr).to.equal(0);
    return resultsOf(path.join(folder(), 'u'));
  };
  const compare = async (kills: number) => {
    const after = await resultsOf(path.join(folder(), 's'));
    // One result for each run, and every one to the bit what it is when nothing happens.
    expect(after).to.deep.equal((expected ??= await undisturbed()));
    expect(kills).to.be.above(0);
  };

  it(`parent, child or both, ${KILLS} times: finished trials never run again, none is lost`, async () => {
    writePoints(folder());
    const { kills, code, stderr } = await killLocally(folder(), writeSweep(folder(), content), KILLS, SEED, MEAN_MS);
    expect(code, stderr).to.equal(0);
    await compare(kills);
    console.log(`      ${kills} kills`);
  });

  it(`F83 the sweep's process, workers and Redis, ${KILLS} times: each trial counts once`, async function () {
    need(this, redisLacks());
    writePoints(folder());
    const redis = await startRedis();
    try {
      const { kills, code, stderr } = await killInQueue(
        folder(),
        writeSweep(folder(), content),
        redis,
        KILLS,
        SEED,
        MEAN_MS,
      );
      expect(code, stderr).to.equal(0);
      await compare(kills);
      console.log(`      ${kills} kills`);
    } finally {
      redis.stop();
    }
  });
});
