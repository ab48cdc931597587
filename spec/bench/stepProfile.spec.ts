import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileRows, profileStep } from '../../bench/stepProfile';
import { findCompiler } from '../../src/backends/device/native/compile';
import { idxBytes } from '../data/tinyDataset';
import { need } from '../need';
import { smallDataset } from '../smallDataset';

describe('the profile of a step', () => {
  let dataset: string;

  before(() => {
    dataset = mkdtempSync(join(tmpdir(), 'handgrad-profile-'));
    for (const part of ['train', 't10k']) {
      const { features, labels } = smallDataset(300, 784, 10);
      writeFileSync(join(dataset, `${part}-images-idx3-ubyte`), idxBytes([300, 28, 28], features as Uint8Array));
      writeFileSync(join(dataset, `${part}-labels-idx1-ubyte`), idxBytes([300], Uint8Array.from(labels)));
    }
  });
  after(() => rmSync(dataset, { recursive: true, force: true }));

  it('counts every kernel of a step, and times each by itself', async function () {
    need(this, findCompiler() ? undefined : 'there is no C++ compiler');
    const size = { hidden: [24, 16], batchSize: 64, steps: 40 };
    const profile = await profileStep({ backend: 'native', dataset, dataDir: undefined, ...size });
    const products = profile.kernels.filter(({ kernel }) => kernel.startsWith('product'));
    // Forward, then dW of every layer, and dX of all but the first.
    expect(products.map(({ kernel }) => kernel)).to.have.members([
      'product 64x784x24',
      'product 64x24x16',
      'product 64x16x10',
      'product 16x64x10, Aᵀ',
      'product 64x10x16, Bᵀ',
      'product 24x64x16, Aᵀ',
      'product 64x16x24, Bᵀ',
      'product 784x64x24, Aᵀ',
    ]);
    for (const { kernel, calls, micros } of profile.kernels) {
      expect(micros, kernel).to.be.above(0);
      expect(Number.isInteger(calls), `${kernel}: ${calls} calls`).to.equal(true);
    }
    expect(products.every(({ calls }) => calls === 1)).to.equal(true);
    expect(profile.javaScript).to.be.above(0);
    expect(profile.step).to.be.above(0);
  }).timeout(120_000);

  it('puts what is small together, and adds up', () => {
    const kernels = [
      { kernel: 'relu', calls: 1, micros: 4 },
      { kernel: 'product', calls: 1, micros: 300 },
      { kernel: 'add', calls: 2, micros: 3 },
    ];
    const rows = profileRows({ backend: 'native', device: '', step: 500, javaScript: 150, kernels });
    expect(rows).to.deep.equal([
      ['product', '1', '300', '60%'],
      ['2 kernels of less than 1% each', '3', '7', '1%'],
      ['all kernels, one after the other', '4', '307', '61%'],
      ['JavaScript, beside them', '', '150', '30%'],
      ['the step', '', '500', '100%'],
    ]);
  });
});
