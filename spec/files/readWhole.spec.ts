import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HandgradError } from '../../src/errors';
import { readWhole } from '../../src/files/readWhole';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';

describe('reading a file whole', () => {
  const folder = temporaryFolder();
  const read = (name: string, most = 100) =>
    readWhole(join(folder(), name), most, (why) => new HandgradError('model', `It ${why}.`));

  it('gives its bytes, and undefined where there is none', async () => {
    writeFileSync(join(folder(), 'file'), 'bytes');
    expect((await read('file'))!.toString()).to.equal('bytes');
    expect(await read('absent')).to.equal(undefined);
    expect(await read('file/in it')).to.equal(undefined);
  });

  it('refuses a larger one before it is read, and what is no regular file without waiting for it', async () => {
    writeFileSync(join(folder(), 'large'), 'x'.repeat(101));
    mkdirSync(join(folder(), 'dir'));
    execFileSync('mkfifo', [join(folder(), 'pipe')]);
    symlinkSync('/dev/zero', join(folder(), 'device'));
    symlinkSync('loop', join(folder(), 'loop'));
    expect(await failure('model', () => read('large'))).to.equal('It has 101 B, and the limit is 100 B.');
    expect(await failure('model', () => read('dir'))).to.equal('It is a folder.');
    expect(await failure('model', () => read('pipe'))).to.equal('It is not a file.');
    expect(await failure('model', () => read('device'))).to.equal('It is not a file.');
    expect(await failure('model', () => read('loop'))).to.match(/^It cannot be read \(ELOOP/);
  });
});
