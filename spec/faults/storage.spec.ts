import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePoints } from '../cli/points';
import { session } from '../cli/session';
import { whileClosed } from '../files/closedFolder';
import { need } from '../need';
import { onSmallDisk, smallDiskLacks } from '../runs/fullDisk';
import { programFile } from '../../src/files/places';

const SETTINGS = [
  ...['--optimizer', 'sgd', '--batch-size', '20', '--backend', 'cpu', '--lr', '0.3', '--no-tensorboard'],
];

describe('a run whose disk is full or closed', function () {
  this.timeout(60_000);
  let folder: string;
  const main = programFile();
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-storage-'));
    writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('F03 fills up between two checkpoints: exit 6 with the bytes; the last generation stays, is resumed', function () {
    need(this, smallDiskLacks());
    // 3 generations of a 2-250-3 network are more than 64 KiB hold with the ballast, and fit without it.
    const argv = [
      'train',
      '--dataset',
      join(folder, 'points.csv'),
      '--hidden',
      '250',
      ...SETTINGS,
      '--checkpoint-every',
      '3',
      '--epochs',
      '3',
    ];
    const answer = onSmallDisk(`
      const { spawnSync } = require('node:child_process');
      const { readdirSync, writeFileSync, rmSync } = require('node:fs');
      const [disk, run] = [process.argv[1], process.argv[1] + '/run'];
      const handgrad = (...args) => {
        const words = [${JSON.stringify(main)}, ...args];
        const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
        return { status, stderr, names: readdirSync(run, { recursive: true }).sort() };
      };
      writeFileSync(disk + '/ballast', new Uint8Array(24 * 1024));
      const full = handgrad(...${JSON.stringify(argv)}, '--run-dir', run);
      rmSync(disk + '/ballast');
      answer({ full, resumed: handgrad('train', '--resume', run) });`) as Record<
      'full' | 'resumed',
      { status: number; stderr: string; names: string[] }
    >;
    const { full, resumed } = answer;
    expect(full.status, full.stderr).to.equal(6);
    expect(full.stderr).to.match(
      /Error: Cannot write \S+: the disk is full \(\d+ bytes needed, \d+ free\); free some space/,
    );
    expect(full.names.filter((name) => name.endsWith('.tmp') || name.includes('lock'))).to.deep.equal([]);
    expect(full.names.filter((name) => /step-\d+\.json$/.test(name))).to.not.deep.equal([]);
    expect(resumed.status, resumed.stderr).to.equal(0);
    expect(resumed.stderr).to.match(/resumes after step \d+/);
    expect(resumed.names).to.include('model.safetensors');
  });

  it('F04 cannot be written: exit 6 at the start, nothing is loaded or trained', async function () {
    const closed = await whileClosed(this, folder, async (closed) => {
      for (const run of [closed, join(closed, 'new')]) {
        const { code, stdout, stderr } = await session([
          'train',
          '--dataset',
          join(folder, 'points.csv'),
          ...SETTINGS,
          '--run-dir',
          run,
        ]);
        expect(code, stderr).to.equal(6);
        expect(stderr)
          .to.match(/this user may not write there/)
          .and.to.not.match(/Backend|Data:/);
        expect(stdout).to.equal('');
      }
    });
    expect(readdirSync(closed)).to.deep.equal([]);
  });

  it('F03 stdout on a full disk: exit 6, and the state is saved', function () {
    need(this, existsSync('/dev/full') ? undefined : 'this system has no /dev/full');
    const run = join(folder, 'told');
    const words = [
      process.execPath,
      main,
      'train',
      '--dataset',
      join(folder, 'points.csv'),
      ...SETTINGS,
      '--epochs',
      '100000',
      '--run-dir',
      run,
    ];
    const { status, stderr } = spawnSync('sh', ['-c', `${words.map((word) => `'${word}'`).join(' ')} > /dev/full`], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(status, stderr).to.equal(6);
    expect(stderr)
      .to.match(/Cannot write to stdout \(.*ENOSPC/)
      .and.to.not.match(/\n\s+at /);
    expect(readdirSync(join(run, 'checkpoints')).some((name) => name.endsWith('.json'))).to.equal(true);
  });
});
