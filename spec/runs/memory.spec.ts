import { expect } from 'chai';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { findCompiler } from '../../src/backends/device/native/compile';
import { HandgradError } from '../../src/errors';
import { assertStepFits, explainOutOfMemory } from '../../src/runs/memory';
import { leastStepBytes } from '../../src/training/stepMemory';
import { addonAbsent, temporaryFolder } from '../backends/child';
import type { Ended } from '../cli/session';
import { need } from '../need';

const ROWS = 25_000;

describe('F63 out of memory', function () {
  this.timeout(120_000);
  let folder: string;

  before(() => {
    folder = temporaryFolder();
    const rows = Array.from({ length: ROWS }, (_, i) => `${'abc'[i % 3]},${i % 3},${i % 5}`);
    fs.writeFileSync(path.join(folder, 'many.csv'), `label,x,y\n${rows.join('\n')}\n`);
  });

  /** Trains with one hidden layer of 65,536 units: of 20,000 samples, a tensor of 5 GB. */
  function train(backend: string, limit = '', batchSize = 20_000): Promise<Ended> {
    const runDir = `${fs.mkdtempSync(path.join(folder, 'run-'))}/run`;
    const network = `--optimizer sgd --batch-size ${batchSize} --hidden 65536 --epochs 1`;
    const flags = `--dataset ${folder}/many.csv ${network} --run-dir ${runDir}`;
    const command = `${limit} exec "${process.execPath}" bin/handgrad.js train --backend ${backend} ${flags}`;
    return new Promise((resolve) => {
      execFile('bash', ['-c', command], (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  const data = { inputs: 2, outputs: 3, samples: ROWS };
  const sentence = new RegExp(
    'Error: The \\w+ backend does not have enough memory for a batch size of 20,000 ' +
      'and hidden layers of 65,536: try --batch-size 10000\\.\\n$',
  );

  it('F63 on wasm names the batch size and a smaller one, and exits with 4, on any number of threads', async () => {
    for (const threads of [1, 2]) {
      const { code, stderr } = await train(`wasm --threads ${threads}`);
      expect(stderr).to.match(sentence);
      expect(code).to.equal(4);
    }
  });

  it('F63 on wasm does the same where the memory ends in the middle of a step', async () => {
    // On one thread: of several, one may trap first, which nobody can catch (docs/backends.md).
    const { code, stderr } = await train('wasm --threads 1', '', 7000);
    expect(stderr).to.match(/for a batch size of 7,000 and hidden layers of 65,536: try --batch-size 3500\.\n$/);
    expect(code).to.equal(4);
  });

  it('F63 on native with little memory does the same, on any number of threads', async function () {
    need(this, findCompiler() ? undefined : 'there is no C++ compiler');
    for (const threads of [1, 2]) {
      const { code, stderr } = await train(`native --threads ${threads}`, 'ulimit -v 5000000;');
      expect(stderr).to.match(sentence);
      expect(code).to.equal(4);
    }
  });

  it('F63 on tensorflow with little memory does the same', async function () {
    need(this, addonAbsent());
    const { code, stderr } = await train('tensorflow', 'ulimit -v 7000000;');
    expect(stderr).to.match(sentence);
    expect(code).to.equal(4);
  });

  it('F63 in JavaScript does the same; with a batch of one the network is what has to shrink', () => {
    const explained = (batchSize: number) =>
      explainOutOfMemory(allocationError(), { batchSize, hidden: [512], ...data }, { name: 'cpu' }) as HandgradError;
    expect(explained(256)).to.be.instanceOf(HandgradError).with.property('kind', 'backend');
    expect(explained(256).message).to.contain('a batch size of 256').and.to.contain('try `batchSize` 128.');
    expect(explained(1).message).to.contain('try a smaller `hidden`.');
  });

  it('refuses beforehand what the backend cannot address, and nothing else', () => {
    const step = { batchSize: 256, hidden: [512], ...data };
    const bytes = leastStepBytes([2, 512, 3], 256);
    assertStepFits(step, { name: 'wasm', addressableBytes: bytes });
    assertStepFits(step, { name: 'cpu' });
    expect(() => assertStepFits(step, { name: 'wasm', addressableBytes: bytes - 1 })).to.throw(
      HandgradError,
      'try `batchSize` 128.',
    );
  });

  it('leaves every other error as it is', () => {
    const other = new Error('something else');
    expect(explainOutOfMemory(other, { batchSize: 256, hidden: [], ...data }, { name: 'cpu' })).to.equal(other);
  });
});

/** What JavaScript throws when it has no memory for an array. */
function allocationError(): Error {
  try {
    return new Error(`there was memory for ${new Float64Array(2 ** 49).length} numbers`);
  } catch (error) {
    return error as Error;
  }
}
