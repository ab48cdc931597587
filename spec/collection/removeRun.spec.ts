import { expect } from 'chai';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRemovable, removeRun } from '../../src/collection/removeRun';
import { lockFolder } from '../../src/files/lock';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { pointsRuns } from '../runs/pointsRun';
import { writeRun, writeSweep } from './folders';

describe('removeRun', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder(), name);

  it('removes all that a training leaves, of a cross-validation too, and a report of it', async () => {
    const { start, train } = pointsRuns(folder());
    await train(await start('run', { logEvery: 1 }), 7);
    await train(await start('folds', { folds: 2, epochs: 1 }));
    writeFileSync(at('run/report.html'), '<meta name="generator" content="handgrad" />');
    for (const name of ['run', 'folds']) {
      const { kept, files } = await removeRun(at(name));
      expect(kept, name).to.deep.equal([]);
      expect(files.length).to.be.above(5);
      expect(existsSync(at(name)), name).to.be.false;
    }
  });

  it('removes a sweep with its trials, and stale locks of killed processes', async () => {
    writeSweep(at('sweep'));
    for (const name of ['0000.json', '0000.log']) writeFileSync(at(`sweep/trials/${name}`), '');
    const dead = { pid: 1, host: 'x', system: 'y z', processStart: '1', since: '' };
    const { system } = await ownLock();
    writeFileSync(at('sweep/trials/0000/lock-3.json'), JSON.stringify({ ...dead, ...system }));
    expect((await removeRun(at('sweep'))).kept).to.deep.equal([]);
    expect(existsSync(at('sweep'))).to.be.false;
  });

  /** What identifies a process of this machine that has ended. */
  async function ownLock() {
    mkdirSync(at('locked'));
    const lock = await lockFolder(at('locked'));
    const [name] = readdirSync(at('locked'));
    const { host, system } = JSON.parse(readFileSync(at(`locked/${name}`), 'utf8')) as { host: string; system: string };
    await lock.release();
    return { system: { host, system, pid: 2 ** 22 + 1 } };
  }

  it('keeps what others have put there, and removes nothing where a link leads', async () => {
    mkdirSync(at('elsewhere'));
    writeFileSync(at('elsewhere/step-00000001.json'), 'x');
    writeRun(at('run'), {}, []);
    const theirs = 'events.out.tfevents.1700000000.host';
    for (const name of [theirs, 'notes.txt', 'report.html']) writeFileSync(at(`run/${name}`), 'mine');
    rmSync(at('run/environment.json'));
    symlinkSync(at('elsewhere/step-00000001.json'), at('run/environment.json'));
    symlinkSync(at('elsewhere'), at('run/checkpoints'));
    const { kept } = await removeRun(at('run'));
    const names = ['checkpoints', 'environment.json', theirs, 'notes.txt', 'report.html'];
    expect(kept.map((path) => path.slice(at('run/').length)).sort()).to.deep.equal(names);
    expect(readdirSync(at('run')).sort()).to.deep.equal([...names, 'manifest.json'].sort());
    expect(readFileSync(at('elsewhere/step-00000001.json'), 'utf8')).to.equal('x');
    // Once those are gone, another call removes the rest.
    for (const name of names) rmSync(at(`run/${name}`));
    await removeRun(at('run'));
    expect(existsSync(at('run'))).to.be.false;
  });

  it('refuses folders of others, and runs that a process uses, untouched', async () => {
    writeRun(at('run'), {}, []);
    mkdirSync(at('foreign'));
    writeFileSync(at('foreign/config.json'), '{}');
    symlinkSync(at('run'), at('link'));
    writeFileSync(at('file'), '');
    for (const [name, why] of [
      ['foreign', 'no manifest.json'],
      ['link', 'not followed'],
      ['file', 'is not a folder'],
      ['nothing', 'does not exist'],
    ] as const)
      expect(await failure('usage', () => removeRun(at(name))), name).to.contain(why);
    writeFileSync(at('foreign/manifest.json'), '{');
    expect(await failure('usage', () => removeRun(at('foreign')))).to.contain('is not JSON');
    const lock = await lockFolder(at('run'));
    expect(await failure('locked', () => removeRun(at('run')))).to.contain('in use');
    await lock.release();
    writeSweep(at('sweep'));
    const trial = await lockFolder(at('sweep/trials/0000'));
    expect(await failure('locked', () => removeRun(at('sweep')))).to.contain('a part of');
    await trial.release();
    expect(readdirSync(at('foreign')).sort()).to.deep.equal(['config.json', 'manifest.json']);
    expect((await findRemovable(at('run'))).files).to.have.length(3);
    expect(readdirSync(at('run'))).to.have.length(4);
  });
});
