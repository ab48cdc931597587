import { expect } from 'chai';
import fs from 'node:fs';
import path from 'node:path';
import type { LibraryHandle } from 'koffi';
import { architectureFor, machineCode, machineCodeFolder } from '../../../../src/backends/device/cuda/machineCode';
import { type Nvrtc, openNvrtc } from '../../../../src/backends/device/cuda/nvrtc';
import { declaredKernels, readSource } from '../../../../src/backends/device/kernelFile';
import { need } from '../../../need';
import { runInChild, temporaryFolder } from '../../child';
import { nvrtcFolder } from '../standIn/standIn';

/** GPUs by compute capability times ten: Turing, Ampere, its desktop cards, Ada, Hopper and both Blackwells. */
const GPUS = [75, 80, 86, 89, 90, 100, 120];

/** Machine code for NVIDIA GPUs is an ELF file for their machine, number 190. */
const isMachineCode = (code: Uint8Array) => {
  const bytes = Buffer.from(code);
  return bytes.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1')) && bytes.readUInt16LE(18) === 190;
};

describe('architectureFor', () => {
  const known = [75, 80, 86, 90, 100];
  const of = (capability: number) => architectureFor(capability, known);

  it('is machine code for a GPU that NVRTC knows, and else that of the newest one before it, as PTX', () => {
    expect([75, 86, 100].map(of)).to.deep.equal(['sm_75', 'sm_86', 'sm_100']);
    expect([78, 89, 103, 200].map(of)).to.deep.equal(['compute_75', 'compute_86', 'compute_100', 'compute_100']);
  });

  it('is nothing for a GPU older than all of them', () => {
    expect([61, 70].map(of)).to.deep.equal([undefined, undefined]);
    expect(architectureFor(90, [])).to.equal(undefined);
  });
});

describe('machineCode', () => {
  let folder: string;
  let compiled: string[];
  const nvrtc = (version = '13.0'): Nvrtc => ({
    version,
    architectures: [75, 90],
    compile(source, architecture) {
      compiled.push(architecture);
      return Buffer.from(`${source} for ${architecture}`);
    },
  });
  const codeOf = (source = 'kernels', architecture = 'sm_90', version = '13.0') =>
    Buffer.from(machineCode(source, nvrtc(version), architecture, folder)).toString();
  const files = () => fs.readdirSync(folder);
  beforeEach(() => {
    folder = path.join(temporaryFolder(), 'made', 'on', 'the', 'way');
    compiled = [];
  });

  it('is compiled once, and once more for another GPU, another NVRTC or another source', () => {
    for (let i = 0; i < 3; i++) expect(codeOf()).to.equal('kernels for sm_90');
    expect(compiled).to.deep.equal(['sm_90']);
    for (let i = 0; i < 2; i++) {
      expect(codeOf('kernels', 'compute_75')).to.equal('kernels for compute_75');
      expect(codeOf('kernels', 'sm_90', '13.1')).to.equal('kernels for sm_90');
      expect(codeOf('others')).to.equal('others for sm_90');
    }
    expect(compiled).to.have.length(4);
    expect(files()).to.have.length(4);
  });

  it('F61 is compiled again where the file was cut, changed or emptied, and the file is mended', () => {
    codeOf();
    const file = path.join(folder, files()[0]!);
    const whole = fs.readFileSync(file);
    const changed = Buffer.from(whole);
    changed[40]! ^= 1;
    for (const damaged of [whole.subarray(0, -1), whole.subarray(0, 20), Buffer.alloc(0), changed]) {
      fs.writeFileSync(file, damaged);
      compiled = [];
      expect(codeOf()).to.equal('kernels for sm_90');
      expect(compiled).to.have.length(1);
      expect(fs.readFileSync(file).equals(whole)).to.equal(true);
    }
  });

  it('is compiled at every start where the folder cannot be made', () => {
    folder = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(folder, '');
    for (let i = 0; i < 2; i++) expect(codeOf()).to.equal('kernels for sm_90');
    expect(compiled).to.have.length(2);
  });

  it('leaves nothing behind of a source that does not compile, and passes on what NVRTC says', () => {
    const failing = { ...nvrtc(), compile: () => expect.fail('kernels.cu(1): error') };
    expect(() => machineCode('kernels', failing, 'sm_90', folder)).to.throw('kernels.cu(1): error');
    expect(fs.existsSync(folder)).to.equal(false);
  });

  it('for several processes that start at once: each has all of it', async () => {
    const code = `
      const { machineCode } = require('./src/backends/device/cuda/machineCode');
      const nvrtc = { version: '13.0', architectures: [90], compile: () => Buffer.alloc(500_000, 7) };
      for (let i = 0; i < 20; i++) {
        const found = machineCode('source ' + i, nvrtc, 'sm_90', ${JSON.stringify(folder)});
        if (!nvrtc.compile().equals(found)) throw new Error('not all of it');
      }`;
    const ends = await Promise.all(Array.from({ length: 4 }, () => runInChild(code)));
    for (const { code: exit, stderr } of ends) expect(exit, stderr).to.equal(0);
    expect(files()).to.have.length(20);
    expect(files().filter((name) => !name.endsWith('.cubin'))).to.deep.equal([]);
  });

  it('is kept in .cache/cuda of a checkout, and in the cache of the user elsewhere', () => {
    expect(machineCodeFolder()).to.equal(path.resolve('.cache/cuda'));
    expect(machineCodeFolder(temporaryFolder())).to.match(/\/handgrad\/cuda$/);
  });
});

describe('NVRTC', function () {
  this.timeout(120_000);
  const kernelFile = readSource('kernels.cpp');
  const source = `${readSource('cuda/prelude.h')}\n${kernelFile}`;
  let nvrtc: Nvrtc;
  before(function () {
    const folder = nvrtcFolder();
    need(this, folder === undefined ? 'there is no NVRTC (pip install nvidia-cuda-nvrtc)' : undefined);
    nvrtc = openNvrtc(loadNvrtc(folder!));
  });

  for (const capability of GPUS) {
    it(`compiles every kernel for sm_${capability}`, function () {
      need(
        this,
        nvrtc.architectures.includes(capability) ? undefined : `NVRTC ${nvrtc.version} has no sm_${capability}`,
      );
      const code = nvrtc.compile(source, `sm_${capability}`);
      expect(isMachineCode(code)).to.equal(true);
      const text = Buffer.from(code).toString('latin1');
      const absent = declaredKernels(kernelFile).filter(({ name }) => !text.includes(`.text.kernel_${name}\0`));
      expect(absent).to.deep.equal([]);
    });
  }

  it('compiles PTX, which the driver compiles for GPUs that came after it', () => {
    const oldest = Math.min(...nvrtc.architectures);
    const text = Buffer.from(nvrtc.compile(source, `compute_${oldest}`)).toString('latin1');
    expect(text).to.contain(`.target sm_${oldest}`);
    for (const { name } of declaredKernels(kernelFile)) expect(text).to.contain(`.entry kernel_${name}(`);
  });

  it('says what is wrong with a source, by its line', () => {
    expect(() => nvrtc.compile('\n__global__ void f() { nothing; }', 'sm_90')).to.throw(
      /^NVRTC NVRTC_ERROR_COMPILATION: kernels\.cu\(2\): error: .*nothing/,
    );
    expect(() => nvrtc.compile(source, 'sm_10')).to.throw(/invalid value for --gpu-architecture/);
  });
});

/** From its folder, with what it loads itself. */
function loadNvrtc(folder: string): LibraryHandle {
  const koffi = require('koffi') as typeof import('koffi');
  const names = fs.readdirSync(folder);
  for (const name of names.filter((one) => /^libnvrtc-builtins\.so\.\d+\.\d+$/.test(one)))
    koffi.load(path.join(folder, name), { global: true });
  return koffi.load(
    path.join(
      folder,
      names.find((one) => /^libnvrtc\.so\.\d+$/.test(one))!,
    ),
    { global: true },
  );
}
