import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_NAMES } from '../../cli/commandNames';
import { programFile } from '../../src/files/places';
import { temporaryFolder } from '../data/tinyDataset';
import type { Ended } from './session';

const MESSAGE = 'Error: The current folder was deleted or cannot be read; change to another one.\n';

describe('F106 a current folder that was deleted', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  /** Runs `exec "$@"` in a folder that is gone. */
  const inDeleted = (...args: string[]) => {
    const gone = join(folder(), 'gone');
    mkdirSync(gone);
    const command = ['-c', 'cd "$0" && rmdir "$0" && exec "$@"', gone, process.execPath, ...args];
    const env = { ...process.env, NO_COLOR: '1', npm_lifecycle_event: undefined, INIT_CWD: undefined };
    return spawnSync('sh', command, { encoding: 'utf8', env });
  };

  it('ends the program with 2', () => {
    const { status, stdout, stderr } = inDeleted(programFile(), 'train');
    expect({ status, stdout, stderr }).to.deep.equal({ status: 2, stdout: '', stderr: MESSAGE });
  });

  it('ends every command with 2', () => {
    const lines = [[], ['--help'], ['--version'], ...COMMAND_NAMES.flatMap((name) => [[name], [name, 'x']])];
    const script = `
      const { session } = require(${JSON.stringify(join(__dirname, 'session.ts'))});
      const answers = async (lines) => {
        const all = [];
        for (const line of lines) all.push(await session(line));
        console.log(JSON.stringify(all));
      };
      answers(${JSON.stringify(lines)});`;
    const { stdout, stderr } = inDeleted('--require', join(__dirname, '../../bin/register.js'), '--eval', script);
    expect(stderr).to.equal('');
    const answers = JSON.parse(stdout) as Ended[];
    for (const [i, answer] of answers.entries()) {
      expect(answer, lines[i]!.join(' ')).to.deep.equal({ code: 2, stdout: '', stderr: MESSAGE });
    }
    expect(answers).to.have.length(lines.length);
  });
});
