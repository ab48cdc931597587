import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programFile } from '../../src/files/places';
import { temporaryFolder } from '../data/tinyDataset';

describe('F109 the program', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  for (const [what, argv, status] of [
    ['done', ['--version'], 0],
    ['failed', ['evaluate', 'none'], 8],
  ] as const) {
    it(`ends when its work is ${what}, though something is still open`, () => {
      const hook = join(folder(), 'hook.js');
      writeFileSync(hook, 'setInterval(() => {}, 1000);');
      const command = ['--require', hook, programFile(), ...argv];
      const ended = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 40_000 });
      expect([ended.status, ended.signal]).to.deep.equal([status, null]);
      expect(ended.stdout + ended.stderr).to.not.equal('');
    });
  }
});
