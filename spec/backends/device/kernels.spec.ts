import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { selectBackend } from '../../../src/backends';
import { startBackend } from '../../backend';
import { checkKernel, KERNEL_CASES } from './kernelCases';

describe('the kernels of native', function () {
  this.timeout(60_000);

  before(async function () {
    await selectBackend('cpu');
    await startBackend(this, 'native');
  });
  after(() => selectBackend('cpu'));

  for (const kernel of KERNEL_CASES) {
    it(`${kernel.name}, as the cpu backend has it`, () => checkKernel(kernel, 'native', 100));
  }

  it('leave nothing behind', () => expect(tf.memory().numTensors).to.equal(0));

  it('are each named when one is missing', () => {
    expect(() => tf.fft(tf.complex([1], [0]))).to.throw(/complex|FFT/i);
  });
});
