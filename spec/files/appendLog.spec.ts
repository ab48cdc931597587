import { expect } from 'chai';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandgradError } from '../../src/errors';
import { openAppendLog } from '../../src/files/appendLog';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { need } from '../need';
import { recorded } from './faultyDisk';
import { onSmallDisk, smallDiskLacks } from '../runs/fullDisk';

describe('an append-only log', () => {
  const folder = temporaryFolder();
  const path = () => join(folder(), 'log');

  it('keeps the order of the calls, whether or not anybody waits, and is on the disk when a call returns', async () => {
    const log = await openAppendLog(path(), 0);
    await log.append('one\n');
    expect(readFileSync(path(), 'utf8')).to.equal('one\n');
    await Promise.all([log.append('two\n'), log.append(Uint8Array.of(51, 10)), log.append('four\n')]);
    await log.close();
    expect(readFileSync(path(), 'utf8')).to.equal('one\ntwo\n3\nfour\n');
  });

  it('writes the first record that may wait at once, and the next ones together', async () => {
    const log = await openAppendLog(path(), 0);
    await log.appendSoon('one\n');
    expect(readFileSync(path(), 'utf8')).to.equal('one\n');
    for (const record of ['two\n', 'three\n']) await log.appendSoon(record);
    expect(log.content().bytes).to.equal(4);
    await log.flush();
    expect(log.content().bytes).to.equal(14);
    expect(readFileSync(path(), 'utf8')).to.equal('one\ntwo\nthree\n');
    await log.appendSoon('four\n');
    await log.append('five\n');
    expect(readFileSync(path(), 'utf8')).to.equal('one\ntwo\nthree\nfour\nfive\n');
    await log.appendSoon('six\n');
    await log.close();
    expect(readFileSync(path(), 'utf8')).to.equal('one\ntwo\nthree\nfour\nfive\nsix\n');
  });

  it('F93 asks its guard before it writes what waited, and writes nothing when that throws', async () => {
    let isLost = false;
    const guard = () => (isLost ? Promise.reject(new HandgradError('locked', 'lost')) : Promise.resolve());
    const log = await openAppendLog(path(), 0, { guard });
    await log.append('one\n');
    await log.appendSoon('two\n');
    isLost = true;
    expect(await failure('locked', () => log.flush())).to.equal('lost');
    await log.close();
    expect(readFileSync(path(), 'utf8')).to.equal('one\n');
  });

  it('cuts off what lies behind its end when it is opened, and goes on there', async () => {
    writeFileSync(path(), 'whole\nto');
    const log = await openAppendLog(path(), 6);
    expect(readFileSync(path(), 'utf8')).to.equal('whole\n');
    await log.append('next\n');
    await log.close();
    expect(readFileSync(path(), 'utf8')).to.equal('whole\nnext\n');
  });

  it('F04 in a folder that is not there: storage, and nothing is made', async () => {
    const absent = join(folder(), 'absent', 'log');
    expect(await failure('storage', () => openAppendLog(absent, 0))).to.match(
      /absent\/log: the folder does not exist; /,
    );
    expect(existsSync(absent)).to.equal(false);
  });

  it('F112 a record that cannot be written stays away, and so do all that follow it', async () => {
    const outcomes: string[] = [];
    const work = async () => {
      const log = await openAppendLog(path(), 0);
      await log.append('first\n');
      for (const record of ['second\n', 'third\n']) {
        await log.append(record).catch((error: HandgradError) => outcomes.push(error.kind));
      }
      await log.close();
    };
    const { changes } = await recorded(folder(), work);
    const at = changes.findLastIndex((what) => what.startsWith('write')) - 2;
    rmSync(path());
    await recorded(folder(), work, { fault: { at, code: 'EIO', short: true } });
    expect(outcomes).to.deep.equal(['storage', 'storage']);
    expect(readFileSync(path(), 'utf8')).to.equal('first\n');
  });

  it('F03 on a full disk: no part of a record stays, and none is written after it, though it fits', function () {
    need(this, smallDiskLacks());
    const { outcomes, content } = onSmallDisk(`
      const { openAppendLog } = require('../../src/files/appendLog');
      const { readFileSync, writeFileSync, statfsSync } = require('node:fs');
      const path = process.argv[1] + '/log';
      const log = await openAppendLog(path, 0);
      await log.append('first\\n');
      const { bavail, bsize } = statfsSync(process.argv[1]);
      writeFileSync(process.argv[1] + '/ballast', new Uint8Array(bavail * bsize - 4096));
      const outcome = (appended) => appended.then(() => 'written', ({ kind }) => kind);
      const large = outcome(log.append('x'.repeat(20000) + '\\n'));
      await Promise.resolve();
      const waiting = outcome(log.append('waiting\\n'));
      const outcomes = [await large, await waiting, await outcome(log.append('later\\n'))];
      await log.close();
      answer({ outcomes, content: readFileSync(path, 'utf8') });`) as { outcomes: string[]; content: string };
    expect(outcomes).to.deep.equal(['storage', 'storage', 'storage']);
    expect(content).to.equal('first\n');
  });
});
