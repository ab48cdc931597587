import { expect } from 'chai';
import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandgradError } from '../../src/errors';
import { temporaryFolder } from '../data/tinyDataset';
import { assertFenced } from '../files/assertFenced';
import { CRASHES, endLocks, type Fault, openFiles, recorded, withoutSyncing } from '../files/faultyDisk';
import { pointsRuns, resultOf } from '../runs/pointsRun';

describe('F01 the power fails, or a call of the system does, after every single change of the disk', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const settings = { epochs: 2, hidden: [2], batchSize: 60, checkpointEvery: '1', valFraction: 0.1 };
  let runs: ReturnType<typeof pointsRuns>;
  beforeEach(() => (runs = pointsRuns(folder())));

  /** Resumes a run, or starts it again if it had not started. */
  const complete = async (name: string) => {
    const hasStarted = existsSync(join(runs.at(name), 'config.json'));
    await runs.train(await (hasStarted ? runs.resume(name) : runs.start(name, settings)));
    const left = readdirSync(runs.at(name)).filter((file) => file.endsWith('.tmp') || file.startsWith('lock'));
    expect(left).to.deep.equal([]);
  };

  it('whatever was not synced is gone, and resuming ends with the same bytes', () =>
    withoutSyncing(async () => {
      const recording = await recorded(
        folder(),
        async () => void (await runs.train(await runs.start('whole', settings))),
      );
      expect(recording.changes.length).to.be.above(100);
      const whole = resultOf(runs.at('whole'));
      const seen = new Set<string>();
      for (let after = 1; after <= recording.changes.length; after++) {
        for (const crash of CRASHES) {
          const dir = join(folder(), 'crashed');
          const state = recording.crash(after, crash, dir);
          if (!seen.has(state)) {
            seen.add(state);
            const what = `${crash} after ${recording.changes[after - 1]} (${after})`;
            endLocks(join(dir, 'whole'));
            await complete('crashed/whole').catch((error: unknown) => {
              throw new Error(`${what}: ${(error as Error).stack}`);
            });
            expect(resultOf(join(dir, 'whole')), what).to.deep.equal(whole);
          }
          rmSync(dir, { recursive: true });
        }
      }
      expect(seen.size).to.be.above(50);
    }));

  it('F03 an error of any call ends the run with exit 6, and resuming ends with the same bytes', () =>
    withoutSyncing(async () => {
      const { changes } = await recorded(
        folder(),
        async () => void (await runs.train(await runs.start('whole', settings))),
      );
      const whole = resultOf(runs.at('whole'));
      const kinds = [{ code: 'EIO' }, { code: 'ENOSPC', short: true }, { code: 'EMFILE' }] as const;
      for (let at = 0; at < changes.length; at++) {
        const fault: Fault = { at, ...kinds[at % kinds.length]! };
        let error: unknown;
        const work = async () => {
          try {
            await runs.train(await runs.start('failed', settings));
          } catch (reason) {
            error = reason;
          }
        };
        const made = await recorded(folder(), work, { fault });
        const what = `${fault.code} at ${made.changes[at]} (${at})`;
        if (error !== undefined) {
          expect(error, `${what}: ${(error as Error).stack}`)
            .to.be.instanceOf(HandgradError)
            .with.property('kind', 'storage');
        }
        expect(openFiles(folder()), what).to.deep.equal([]);
        endLocks(runs.at('failed'));
        await complete('failed').catch((reason: unknown) => {
          throw new Error(`${what}: ${(reason as Error).stack}`);
        });
        expect(resultOf(runs.at('failed')), what).to.deep.equal(whole);
        rmSync(runs.at('failed'), { recursive: true });
      }
    }));

  it('F93 once another process has taken the run over, at any change, this one changes nothing more', () =>
    withoutSyncing(async () => {
      const short = { ...settings, epochs: 1, checkpointEvery: '1epoch' };
      await runs.train(await runs.start('half', short));
      cpSync(runs.at('half'), runs.at('unsealed'), { recursive: true });
      writeFileSync(join(runs.at('unsealed'), 'manifest.json'), '{"handgrad":"run","version":1}');
      const histories = {
        started: () => runs.start('taken', short),
        extended: () => resumed('half', { epochs: 2 }),
        relabeled: () => resumed('half', { name: 'another' }),
        sealed: () => resumed('unsealed'),
      };
      const resumed = (from: string, changes = {}) => {
        cpSync(runs.at(from), runs.at('taken'), { recursive: true });
        return runs.resume('taken', changes);
      };
      const logs = /^(metrics|events)/;
      let times = 0;
      for (const open of Object.values(histories)) {
        const work = async () => void (await runs.train(await open()));
        times += await assertFenced({ root: folder(), dir: runs.at('taken'), work, logs });
      }
      expect(times).to.be.above(60);
      console.log(`      taken over ${times} times`);
    }));
});
