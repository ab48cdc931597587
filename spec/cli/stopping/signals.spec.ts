import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSignalEchoed } from '../../../cli/stopping/signals';
import { start } from '../../faults/start';
import { writePoints } from '../points';

describe('a signal that npm passes on as well', function () {
  this.timeout(60_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-echo-'));
    writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('comes where npm runs a script of handgrad, or npx handgrad, and no shell is in between', () => {
    for (const script of ['exec node bin/handgrad.js', 'handgrad train', "'handgrad' train"])
      for (const isBelowShell of [false, true])
        expect(
          isSignalEchoed({ npm_lifecycle_script: script }, () => isBelowShell),
          script,
        ).to.equal(!isBelowShell);
    for (const script of [undefined, '', 'node spec/all.js'])
      expect(isSignalEchoed({ npm_lifecycle_script: script }), script).to.equal(false);
  });

  it('is not a second one: the run is saved', async () => {
    const long = ['--hidden', '8', '--epochs', '100000', '--no-tensorboard', '--json', '--backend', 'cpu'];
    const { child, says, ended, stderr } = start(
      ['train', '--dataset', join(folder, 'points.csv'), ...long, '--run-dir', join(folder, 'run')],
      { env: { npm_lifecycle_script: 'exec node bin/handgrad.js' } },
    );
    await says('"type":"epoch"');
    child.kill('SIGINT');
    await delay(5); // Otherwise the system makes one signal of the two.
    child.kill('SIGINT');
    expect(await ended, stderr()).to.deep.equal({ code: 130, signal: null });
    expect(stderr()).to.match(/^Stopped by SIGINT after step .*, and saved; resume with: /m);
  });
});
