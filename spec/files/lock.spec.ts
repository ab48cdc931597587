import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HandgradError } from '../../src/errors';
import { lockFolder } from '../../src/files/lock';
import { ownIdentity } from '../../src/files/processIdentity';
import { temporaryFolder } from '../data/tinyDataset';
import { recorded } from './faultyDisk';

/** Locks the folders it is told, one after the other, and says how each attempt ended. */
const CONTENDER = `
  const { lockFolder } = require('../../src/files/lock');
  process.on('message', async ({ dir }) => {
    const [outcome, message] = await lockFolder(dir).then(() => ['won'], (error) => [error.kind, error.message]);
    process.send({ outcome, message });
  });
  process.send('ready');`;

async function contender(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--require', '../../bin/register.js', '--eval', CONTENDER], {
    cwd: __dirname,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function ask(child: ChildProcess, dir: string): Promise<{ outcome: string; message?: string }> {
  const answer = once(child, 'message');
  child.send({ dir });
  return ((await answer) as [{ outcome: string }])[0];
}

async function refusal(dir: string, options?: { force: boolean }): Promise<string> {
  const error: unknown = await lockFolder(dir, options).catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(HandgradError).with.property('kind', 'locked');
  return (error as HandgradError).message;
}

describe('a run folder’s lock', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const ended = { ...ownIdentity(), since: '2026-01-01T00:00:00.000Z' };
  const leave = (owner: object, number = 1) =>
    writeFileSync(join(folder(), `lock-${number}.json`), JSON.stringify(owner));

  it('is one file while it is held, and none afterwards', async () => {
    const lock = await lockFolder(folder());
    expect(readdirSync(folder())).to.deep.equal(['lock-1.json']);
    await lock.assertHeld();
    await lock.release();
    expect(readdirSync(folder())).to.deep.equal([]);
  });

  it('is taken at the second attempt where the owner has removed the unfinished one', async () => {
    let removed = 0;
    const before = (what: string) => {
      if (what.startsWith('link') && removed++ === 0) {
        for (const name of readdirSync(folder())) rmSync(join(folder(), name));
      }
    };
    await recorded(folder(), async () => (await lockFolder(folder())).assertHeld(), { before });
    expect(removed).to.equal(2);
    expect(readdirSync(folder())).to.deep.equal(['lock-1.json']);
  });

  it('F10 names pid, host and start of the process that has it', async () => {
    await lockFolder(folder());
    const { since } = JSON.parse(readFileSync(join(folder(), 'lock-1.json'), 'utf8')) as { since: string };
    expect(Date.now() - Date.parse(since)).to.be.within(0, 60_000);
    expect(await refusal(folder())).to.equal(
      `${folder()} is in use by process ${process.pid} on ${hostname()} since ${since}; ` +
        'wait for it to end, or choose another folder.',
    );
    // It is alive: nobody may take it over.
    await refusal(folder(), { force: true });
  });

  it('F10 two processes at once, 100 times, over no lock, stale and torn ones: one wins, one is refused', async () => {
    const children = await Promise.all([contender(), contender()]);
    try {
      for (let round = 0; round < 100; round++) {
        const dir = join(folder(), `${round}`);
        mkdirSync(dir);
        if (round % 4 === 1) writeFileSync(join(dir, 'lock-1.json'), JSON.stringify({ ...ended, processStart: '1' }));
        if (round % 4 === 2) writeFileSync(join(dir, 'lock-7.json'), JSON.stringify({ ...ended, pid: 2 ** 22 + 1 }));
        if (round % 4 === 3) writeFileSync(join(dir, 'lock-1.json'), '{"pid":');
        const answers = await Promise.all(children.map((child) => ask(child, dir)));
        expect(answers.map(({ outcome }) => outcome).sort(), `round ${round}`).to.deep.equal(['locked', 'won']);
        const winner = children[answers.findIndex(({ outcome }) => outcome === 'won')]!;
        expect(answers.find(({ outcome }) => outcome === 'locked')!.message).to.contain(`process ${winner.pid} on `);
        expect(readdirSync(dir)).to.have.length(1);
      }
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });

  it('F89 a file of another program with the name of a lock stays as it is', async () => {
    for (const content of ['mine', '{"name":"package"}', '[]', 'null', '{"pid":1', '{"pi', '\0\0\0', '']) {
      const path = join(folder(), 'lock-1.json');
      writeFileSync(path, content);
      // What a power failure leaves of a lock is the beginning of one, or zeros.
      const isTorn = '{"pid":1'.startsWith(content.replaceAll('\0', ''));
      const error: unknown = await lockFolder(folder()).then(
        async (lock) => lock.release(),
        (reason: unknown) => reason,
      );
      if (isTorn) expect(error, content).to.equal(undefined);
      else {
        expect(error, content).to.be.instanceOf(HandgradError).with.property('kind', 'usage');
        expect((error as Error).message).to.equal(
          `${path} is not a lock of handgrad, and is not removed; choose another folder.`,
        );
        expect(readFileSync(path, 'utf8')).to.equal(content);
        rmSync(path);
      }
      expect(readdirSync(folder())).to.deep.equal([]);
    }
  });

  it('F11 a lock left by a killed process is taken over', async () => {
    const child = await contender();
    expect(await ask(child, folder())).to.deep.equal({ outcome: 'won' });
    await refusal(folder());
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockFolder(folder());
    expect(readdirSync(folder())).to.deep.equal(['lock-2.json']);
    await lock.assertHeld();
  });

  it('F11 the same pid with another start time, or from before a reboot, is another process', async () => {
    leave({ ...ended, processStart: `${ended.processStart}1` });
    await (await lockFolder(folder())).release();
    leave({ ...ended, system: 'another-boot ' + ended.system.split(' ')[1] });
    await (await lockFolder(folder())).release();
    leave(ended);
    await refusal(folder());
  });

  for (const [where, owner] of Object.entries({
    'another host': { ...ended, host: 'elsewhere.example' },
    'another container of this machine': { ...ended, system: `${ended.system}0` },
  })) {
    it(`F11 a lock of ${where} is taken over only with --force-unlock; its process stops when it notices`, async () => {
      leave(owner);
      expect(await refusal(folder())).to.match(/if that process has certainly ended, set `forceUnlock`\.$/);
      const lock = await lockFolder(folder(), { force: true });
      expect(readdirSync(folder())).to.deep.equal(['lock-2.json']);
      leave({ ...ended, host: 'elsewhere.example' }, 3);
      await lock.release();
      expect(await lock.assertHeld().catch((error: HandgradError) => error.kind)).to.equal('locked');
    });
  }
});
