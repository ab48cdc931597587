import { expect } from 'chai';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '../../../src/errors';
import { localExecutor } from '../../../src/sweeps/workers/localExecutor';
import { type Program, trainInProcess } from '../../../src/sweeps/workers/trainProcess';
import { temporaryFolder } from '../../data/tinyDataset';
import { failure } from '../../failure';

describe('a run in its process', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  /** A program that ends with these exit codes, one after the other. */
  const endsWith = (...codes: number[]): Program => {
    const path = join(folder(), 'program.js');
    const count = join(folder(), 'count');
    writeFileSync(
      path,
      `const fs = require('node:fs');
       const before = fs.existsSync(${JSON.stringify(count)}) ? fs.readFileSync(${JSON.stringify(count)}, 'utf8') : '';
       fs.writeFileSync(${JSON.stringify(count)}, before + '.');
       console.error('Error: it says why.');
       process.exit(${JSON.stringify(codes)}[before.length]);`,
    );
    return { path, env: {}, exitCodes: EXIT_CODES, threads: () => ({}) };
  };
  const run = { name: '0000', settings: { epochs: 1 }, epochs: 1, metric: 'testAccuracy' };
  const train = (program: Program) =>
    trainInProcess(
      program,
      { folder: folder(), ...run },
      { threads: 1, gpu: undefined },
      () => {},
      new AbortController().signal,
    );

  it('F99 a folder that another process uses is waited for, and is no failure of the run', async () => {
    const { locked, diverged } = EXIT_CODES;
    expect(await train(endsWith(locked, locked, locked, locked, diverged))).to.deep.include({ code: 'diverged' });
  });

  it('F102 a full disk is no failure of the trial: the sweep stops with it', async () => {
    const machine = { workers: 1, threads: 1, gpus: [] };
    const executor = localExecutor(endsWith(EXIT_CODES.storage), folder(), machine, { metric: 'loss', seeds: 1 });
    const first = { trial: 0, seed: 0, rung: 0, failures: 0, settings: { epochs: 1 }, epochs: 1 };
    const said = await failure('storage', () => executor.run(first, () => {}, new AbortController().signal));
    expect(said).to.match(
      /^Run 0000 cannot be saved \(exit 6: it says why; see .*0000\.log\); resume the sweep then\.$/,
    );
  });

  for (const [what, damage] of Object.entries({
    'a file in the place of its folder': (dir: string) => writeFileSync(dir, ''),
    'a link in the place of its folder': (dir: string) => symlinkSync(folder(), dir),
    'a folder with something else': (dir: string) => {
      mkdirSync(dir);
      writeFileSync(join(dir, 'notes'), 'mine');
    },
  })) {
    it(`F100 ${what} is set aside, not removed`, async () => {
      const dir = join(folder(), '0000');
      damage(dir);
      expect(await train(endsWith(EXIT_CODES.diverged))).to.deep.include({ code: 'diverged' });
      expect(existsSync(`${dir}.aside-1`)).to.equal(true);
    });
  }
});
