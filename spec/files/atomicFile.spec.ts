import { expect } from 'chai';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HandgradError } from '../../src/errors';
import { writeFileAtomic } from '../../src/files/atomicFile';
import { whileClosed } from './closedFolder';
import { need } from '../need';
import { onSmallDisk, smallDiskLacks } from '../runs/fullDisk';

describe('writing a file whole or not at all', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'handgrad-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const failure = async (path: string): Promise<string> => {
    const error = await writeFileAtomic(path, 'new').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind).to.equal('storage');
    return (error as HandgradError).message;
  };

  it('makes a file, replaces it, and leaves nothing else behind', async () => {
    const path = join(folder, 'a.json');
    await writeFileAtomic(path, 'öld and longer');
    expect(await readFile(path, 'utf8')).to.equal('öld and longer');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).to.deep.equal([1, 2, 3]);
    expect(await readdir(folder)).to.deep.equal(['a.json']);
  });

  it('shows a reader one whole content at every moment', async () => {
    const path = join(folder, 'a');
    const contents = ['a', 'b'].map((letter) => letter.repeat(300_000));
    await writeFileAtomic(path, contents[0]!);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 20; i++) await writeFileAtomic(path, contents[i % 2]!);
      writing = false;
    })();
    const seen: boolean[] = [];
    while (writing) seen.push(contents.includes(await readFile(path, 'utf8')));
    await writer;
    expect(seen).to.not.include(false);
    expect(seen.length).to.be.above(1);
  });

  it('lets many write one file at once: one of them wins whole', async () => {
    const path = join(folder, 'a');
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    expect(contents).to.include(await readFile(path, 'utf8'));
    expect(await readdir(folder)).to.deep.equal(['a']);
  });

  it('says what is wrong with the place, and leaves it as it was', async () => {
    await writeFile(join(folder, 'file'), 'old');
    await mkdir(join(folder, 'dir'));
    expect(await failure(join(folder, 'file', 'x'))).to.match(
      /: a part of the path is a file \(3 bytes needed, .*; choose/,
    );
    expect(await failure(join(folder, 'absent', 'x'))).to.match(/: the folder does not exist \(3 bytes needed/);
    expect(await failure(join(folder, 'dir'))).to.match(
      /: a folder with that name exists \(3 bytes needed, \d+ free\)/,
    );
    expect(await failure(join(folder, 'n'.repeat(300)))).to.match(/: the name is too long/);
    expect((await readdir(folder)).sort()).to.deep.equal(['dir', 'file']);
  });

  it('F04 a folder this user may not write: storage, with the remedy', async function () {
    const closed = await whileClosed(this, folder, async (closed) => {
      expect(await failure(join(closed, 'x'))).to.match(
        /closed\/x: this user may not write there .*; change its permissions/,
      );
    });
    expect(await readdir(closed)).to.deep.equal([]);
  });

  const attempt = `
    const { writeFileAtomic } = require('../../src/files/atomicFile');
    const { readFileSync, readdirSync } = require('node:fs');
    const path = process.argv[1] + '/model';
    const failed = (error) => ({ kind: error.kind, message: error.message });`;

  it('F03 a full disk: the old file stays, the temporary one goes, bytes needed and free are named', function () {
    need(this, smallDiskLacks());
    const { error, kept, names } = onSmallDisk(`${attempt}
      await writeFileAtomic(path, 'old');
      const error = await writeFileAtomic(path, new Uint8Array(100000)).catch(failed);
      answer({ error, kept: readFileSync(path, 'utf8'), names: readdirSync(process.argv[1]) });
    `) as { error: { kind: string; message: string }; kept: string; names: string[] };
    expect(error.kind).to.equal('storage');
    expect(error.message).to.match(
      /^Cannot write .*\/model: the disk is full \(100000 bytes needed, 61440 free\); free some space or choose/,
    );
    expect(kept).to.equal('old');
    expect(names).to.deep.equal(['model']);
  });

  it('F04 a file system that is read-only: storage', function () {
    need(this, smallDiskLacks());
    const { kind, message } = onSmallDisk(
      `${attempt} answer(await writeFileAtomic(path, 'x').catch(failed));`,
      'ro',
    ) as {
      kind: string;
      message: string;
    };
    expect(kind).to.equal('storage');
    expect(message).to.match(/the file system is read-only \(1 bytes needed, \d+ free\); choose another folder\.$/);
  });
});
