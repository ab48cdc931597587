import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionOf } from '../../../../src/runs/environment';
import { needsOf, unfitReason } from '../../../../src/sweeps/workers/queue/fitness';
import { temporaryFolder } from '../../../data/tinyDataset';
import { specOf } from '../../spec/specOf';

describe('F107 what a worker checks before it takes a run', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const version = versionOf('handgrad');
  const check = (needs: object, offer: object = {}) =>
    unfitReason(
      { version, datasets: [], backends: [], ...needs },
      { runRoot: folder(), datasets: folder(), known: ['mnist'], ...offer },
    );

  it('is what the file of the sweep says', () => {
    const spec = specOf({
      method: 'grid',
      parameters: { dataset: { values: ['a.csv', 'mnist'] } },
      fixed: { backend: 'wasm', epochs: 1, hidden: 8 },
    });
    expect(needsOf(spec)).to.deep.equal({ version, datasets: ['a.csv', 'mnist'], backends: ['wasm'] });
  });

  it('is the version', async () => {
    expect(await check({ version: '0.0.1' })).to.equal(`it has handgrad ${version}, and the sweep comes from "0.0.1"`);
    expect(await check({})).to.equal(undefined);
  });

  it('is the data', async () => {
    const datasets = ['mnist', 'a.csv'];
    expect(await check({ datasets })).to.equal('data set "a.csv" cannot be read in the folder that it offers (ENOENT)');
    expect(await check({ datasets }, { datasets: undefined })).to.match(/^it offers no folder of data sets/);
    writeFileSync(join(folder(), 'a.csv'), 'x');
    expect(await check({ datasets })).to.equal(undefined);
  });

  it('is the folder of the runs', async () => {
    expect(await check({}, { runRoot: join(folder(), 'none') })).to.equal(
      'its folder of runs cannot be written (ENOENT)',
    );
  });

  it('is each backend, in another process', async () => {
    expect(await check({ backends: ['auto', 'cpu'] })).to.equal(undefined);
    const before = process.env['HANDGRAD_TFJS_NODE'];
    process.env['HANDGRAD_TFJS_NODE'] = folder();
    try {
      expect(await check({ backends: ['cpu', 'tensorflow'] })).to.match(/^The tensorflow backend cannot run here: /);
    } finally {
      if (before === undefined) delete process.env['HANDGRAD_TFJS_NODE'];
      else process.env['HANDGRAD_TFJS_NODE'] = before;
    }
  });
});
