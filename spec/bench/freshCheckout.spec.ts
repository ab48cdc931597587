import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { measureFreshTraining } from '../../bench/freshCheckout';
import { findCompiler } from '../../src/backends/device/native/compile';
import { quickCompiler } from '../backends/child';
import { need } from '../need';

describe('a training in a fresh checkout', () => {
  const root = resolve(__dirname, '../..');
  let folder: string;
  let flags: readonly string[];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-fresh-'));
    const rows = Array.from({ length: 90 }, (_, i) => `${'abc'[i % 3]},${i % 3},${(i % 3) ** 2 + (i % 7) / 20}`);
    writeFileSync(join(folder, 'points.csv'), `${rows.join('\n')}\n`);
    flags = ['--dataset', join(folder, 'points.csv'), '--hidden', '4', '--epochs', '1'];
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('compiles native on the way, again in every round, and leaves nothing behind', async function () {
    need(this, findCompiler() ? undefined : 'there is no C++ compiler');
    const { TMPDIR, CXX } = process.env;
    Object.assign(process.env, { TMPDIR: folder, CXX: quickCompiler() });
    const { auto, wasm, backend, why } = await measureFreshTraining(root, flags, 2).finally(() => {
      for (const [name, value] of Object.entries({ TMPDIR, CXX })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    expect({ backend, why }).to.deep.equal({ backend: 'native', why: undefined });
    expect([auto.length, wasm.length]).to.deep.equal([2, 2]);
    // There is hardly anything to train: what makes the difference is the compiler, the second time too.
    auto.forEach((seconds, round) => expect(seconds).to.be.above(wasm[round]! + 1));
    expect(readdirSync(folder)).to.deep.equal(['points.csv']);
  }).timeout(300_000);

  it('says why it is not native that was timed', async () => {
    const before = process.env['CXX'];
    process.env['CXX'] = join(folder, 'no-compiler');
    try {
      const { backend, why } = await measureFreshTraining(root, flags, 1);
      expect(backend).to.not.equal('native');
      expect(why).to.contain(`auto took ${backend}`).and.to.contain('compiler');
    } finally {
      if (before === undefined) delete process.env['CXX'];
      else process.env['CXX'] = before;
    }
  }).timeout(120_000);
});
