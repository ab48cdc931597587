import { expect } from 'chai';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HandgradError } from '../../src/errors';
import type { SweepEvent } from '../../src/sweeps/events';
import type { ResumeChanges } from '../../src/sweeps/openSweep';
import { resumeSweep, runSweep, startSweep, type Sweep } from '../../src/sweeps/sweep';
import { assertFenced } from '../files/assertFenced';
import {
  CRASHES,
  endLocks,
  type Fault,
  filesIn,
  openFiles,
  recorded,
  type Recording,
  withoutSyncing,
} from '../files/faultyDisk';
import { resultOf } from '../runs/pointsRun';
import { journalOf, resultsOf, writePoints } from './program';

const FEW = [0.1, 0.3];
const MORE = [...FEW, 0.5];

describe('a sweep whose changes of the disk are cut, fail, or come too late', function () {
  this.timeout(240_000);
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);
  const content = (lr: readonly number[]) => ({
    method: 'grid',
    parameters: { lr: { values: lr } },
    fixed: { dataset: at('points.csv'), hidden: 2, batch_size: 60, epochs: 1, backend: 'cpu', tensorboard: false },
  });
  /** The runs, which other processes write: F01 cuts those. */
  const isOthers = (path: string) => /^\w+\/trials\/\d{4}(\/|\.log$|$)/.test(path);
  /** Records the changes of work in the folder `disk`. */
  const record = (work: () => Promise<void>, fault?: Fault) =>
    withoutSyncing(() => recorded(at('disk'), work, { isOthers, fault }));
  const drive = async (events: AsyncIterable<SweepEvent>) => {
    for await (const event of events) if (event.type === 'failure') throw new Error(event.reason);
  };
  const run = (sweep: Sweep) => drive(sweep.run({ workers: 2 }));
  const start = (dir: string) => drive(runSweep(content(FEW), { dir, workers: 1 }));

  /** The undisturbed sweep, and its extension: what they did, and what they came to. */
  const undisturbed: { changes: ResumeChanges; recording: Recording; whole: object }[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-crash-'));
    writePoints(folder);
    mkdirSync(at('disk'));
    const dir = at('disk', 's');
    const first = await record(() => start(dir));
    undisturbed.push({ changes: {}, recording: first, whole: await endOf(dir) });
    cpSync(dir, at('finished'), { recursive: true });
    const changes = { source: content(MORE), extend: true } as const;
    const then = await record(async () => run(await resumeSweep(dir, changes)));
    undisturbed.push({ changes, recording: then, whole: await endOf(dir) });
    rmSync(dir, { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What a sweep comes to, however it got there: without what clocks say. */
  const endOf = async (dir: string) => {
    const rows = readFileSync(join(dir, 'summary.csv'), 'utf8').trim().split('\n');
    const seconds = rows[0]!.split(',').indexOf('seconds');
    const runs = readdirSync(join(dir, 'trials')).filter((name) =>
      existsSync(join(dir, 'trials', name, 'config.json')),
    );
    return {
      results: await resultsOf(dir),
      summary: rows.map((row) => row.split(',').toSpliced(seconds, 1)),
      best: readFileSync(join(dir, 'best.json'), 'utf8'),
      runs: Object.fromEntries(runs.map((name) => [name, resultOf(join(dir, 'trials', name))])),
    };
  };

  /** The sweeps that were run to their ends, as they were when they were opened. */
  const completed = new Set<string>();
  const STRANGERS = ['notes.txt', 'trials/notes.txt'];

  /** Opens what is left of a sweep, as its user does, and runs it to its end: once where it is the same by then. */
  const complete = async (dir: string, whole: object, changes: ResumeChanges = {}) => {
    endLocks(dir);
    const journal = join(dir, 'journal.jsonl');
    const hasBegun = existsSync(journal) && readFileSync(journal).includes('\n');
    const strangers = STRANGERS.filter((name) => hasBegun && existsSync(join(dir, name, '..')));
    for (const name of strangers) writeFileSync(join(dir, name), 'mine');
    // What was accepted before need not be said again.
    const isExtended = hasBegun && (await journalOf(dir)).some(({ type }) => type === 'extended');
    if (isExtended) await (await resumeSweep(dir)).close();
    const sweep = await (hasBegun ? resumeSweep(dir, changes) : startSweep(content(FEW), { dir }));
    // Without the journal, of which the state is everything, and what is appended to and never read.
    const files = filesIn(dir, (path) => !/journal\.jsonl$|\.log$|notes\.txt$|^trials$/.test(path));
    const state = JSON.stringify(sweep.state, (_, value: unknown) =>
      value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value,
    );
    if (completed.has(files + state)) await sweep.close();
    else {
      completed.add(files + state);
      await run(sweep);
      expect(await endOf(dir)).to.deep.equal(whole);
    }
    for (const name of strangers) expect(readFileSync(join(dir, name), 'utf8')).to.equal('mine');
    const left = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    // A run that has finished may keep the lock of its process.
    expect(left.filter((name) => /\.tmp$|^lock-|aside/.test(name))).to.deep.equal([]);
  };

  it('F111 after every change, also with what was not synced gone, it ends with the same results', async () => {
    const outside = () => filesIn(folder, (path) => !path.startsWith('crashed'));
    const before = outside();
    let cuts = 0;
    for (const { changes, recording, whole } of undisturbed) {
      const states = new Set<string>();
      for (const [i, what] of recording.changes.entries()) {
        for (const crash of CRASHES) {
          const state = recording.crash(i + 1, crash, at('crashed'));
          if (!states.has(state)) {
            await withoutSyncing(() => complete(at('crashed', 's'), whole, changes)).catch((error: unknown) => {
              throw new Error(`${crash} after ${what} (${i}): ${(error as Error).stack}`);
            });
          }
          states.add(state);
          rmSync(at('crashed'), { recursive: true });
          cuts++;
        }
      }
    }
    expect(outside()).to.equal(before);
    expect(cuts).to.be.above(200);
    console.log(`      ${cuts} cuts`);
  });

  /** A sweep all of whose runs have finished, and none is in its journal. */
  const prepare = (dir: string) => {
    cpSync(at('finished'), dir, { recursive: true });
    const [first] = readFileSync(join(dir, 'journal.jsonl'), 'utf8').split('\n');
    writeFileSync(join(dir, 'journal.jsonl'), `${first}\n`);
  };
  const resume = async (dir: string) => run(await resumeSweep(dir));

  it('F111 an error of any call ends it with exit 6, and it resumes to the same results', async () => {
    const dir = at('disk', 's');
    const [{ recording, whole }] = undisturbed as [(typeof undisturbed)[0]];
    const kinds = [{ code: 'EIO' }, { code: 'ENOSPC', short: true }, { code: 'EMFILE' }] as const;
    const fail = async (work: (dir: string) => Promise<void>, i: number) => {
      const fault = { at: i, ...kinds[i % kinds.length]! };
      let error: unknown;
      const { changes } = await record(() => work(dir).catch((reason: unknown) => void (error = reason)), fault);
      const what = `${fault.code} at ${changes[i]} (${i})`;
      if (error !== undefined) {
        expect(error, `${what}: ${(error as Error).stack}`).to.be.instanceOf(HandgradError);
        expect((error as HandgradError).kind, what).to.equal('storage');
      }
      expect(openFiles(folder), what).to.deep.equal([]);
      await withoutSyncing(() => complete(dir, whole)).catch((reason: unknown) => {
        throw new Error(`${what}: ${(reason as Error).stack}`);
      });
      rmSync(dir, { recursive: true });
    };
    // While it is opened, until the first run starts, and after the last one.
    const opened = recording.changes.findIndex((what) => what.endsWith('journal.jsonl'));
    const starts = recording.changes.findIndex((what) => what.endsWith('.log')) + 1;
    const open = async (one: string) => (await startSweep(content(FEW), { dir: one })).close();
    for (let i = 0; i < opened; i++) await fail(open, i);
    for (let i = opened; i < starts; i++) await fail(start, i);
    prepare(dir);
    const rest = (await record(() => resume(dir))).changes.length;
    rmSync(dir, { recursive: true });
    for (let i = 0; i < rest; i++) {
      prepare(dir);
      await fail(resume, i);
    }
    expect(Math.min(opened, starts - opened, rest)).to.be.above(10);
    console.log(`      ${starts + rest} errors`);
  });

  it('F93 once another process has taken it over, at any change, this one changes nothing more', async () => {
    const dir = at('disk', 's');
    const work = async () => {
      prepare(dir);
      await resume(dir);
    };
    const how = { root: at('disk'), dir, work, logs: /^journal/, isOthers };
    expect(await withoutSyncing(() => assertFenced(how))).to.be.above(10);
  });
});
