import { selectBackend } from '../../../../src/backends';
import { startBackend } from '../../../backend';
import { need } from '../../../need';
import { tensorsOnADevice } from '../deviceSpecs';
import { standInAbsent, standInFolder } from '../standIn/standIn';
import { checkKernel, KERNEL_CASES } from '../kernelCases';

describe('cuda, its driver played by a stand-in,', function () {
  this.timeout(120_000);
  before(async function () {
    need(this, standInAbsent());
    process.env['HANDGRAD_CUDA_LIBS'] = await standInFolder();
    await selectBackend('cpu');
    await startBackend(this, 'cuda');
    delete process.env['HANDGRAD_CUDA_LIBS'];
  });
  after(() => selectBackend('cpu'));

  describe('tensors', () => tensorsOnADevice('cuda'));

  for (const kernel of KERNEL_CASES) {
    it(`${kernel.name}, as the cpu backend has it`, () => checkKernel(kernel, 'cuda', 25));
  }
});
