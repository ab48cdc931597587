import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { findCompiler } from '../../src/backends/device/native/compile';
import { inspectCompiler, inspectCudaParts } from '../../src/doctor/buildTools';
import { temporaryFolder } from '../backends/child';
import { standInAbsent, standInFolder } from '../backends/device/standIn/standIn';
import { need } from '../need';

/** Runs `work` with these variables, and gives the process its own back. */
async function withVariables<T>(variables: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

describe('inspectCompiler', () => {
  it('names the compiler and its version', async function () {
    const file = findCompiler();
    need(this, file === undefined ? 'there is no C++ compiler' : undefined);
    const found = await inspectCompiler();
    expect(found).to.have.property('file', file);
    expect(found)
      .to.have.property('version')
      .that.matches(/\d+\.\d+/);
  });

  it('says of one in CXX that it is no program, or what it says when it does not run', async () => {
    const absent = await withVariables({ CXX: 'no-such-compiler' }, inspectCompiler);
    expect(absent).to.deep.equal({ problem: 'CXX names no-such-compiler, which is no program here' });
    const broken = path.join(temporaryFolder(), 'c++');
    fs.writeFileSync(broken, '#!/bin/sh\necho "it is broken" >&2\nexit 1\n', { mode: 0o755 });
    const problem = `${broken} does not run: it is broken`;
    expect(await withVariables({ CXX: broken }, inspectCompiler)).to.deep.equal({ problem });
  });
});

describe('inspectCudaParts', function () {
  this.timeout(60_000);
  const inspect = (HANDGRAD_CUDA_LIBS: string, STAND_IN_CUDA = '13000') =>
    withVariables({ HANDGRAD_CUDA_LIBS, STAND_IN_CUDA }, inspectCudaParts);

  before(function () {
    need(this, standInAbsent());
  });

  it('finds each part with its version and place', async () => {
    const folder = await standInFolder();
    const [driver, nvrtc, cublas] = await inspect(folder);
    expect(driver).to.deep.equal({ name: "NVIDIA's driver", found: `for CUDA 13.0, ${folder}/libcuda.so.1` });
    expect(nvrtc!.found)
      .to.match(/^1\d\.\d+, /)
      .and.to.contain(`${folder}/libnvrtc.so.13`);
    expect(cublas).to.deep.equal({ name: 'cuBLAS', found: `13.0.1, ${folder}/libcublas.so.13` });
  });

  it('says what keeps a part from being used: too old a driver, a file that is no library', async function () {
    const folder = await standInFolder({ nvrtc: [], cublas: [] });
    for (const name of ['libnvrtc.so.13', 'libcublas.so.13']) fs.writeFileSync(path.join(folder, name), 'no library');
    const [driver, ...libraries] = await inspect(folder, '11080');
    expect(driver!.problem).to.equal(`for CUDA 11.8, ${folder}/libcuda.so.1: CUDA 12.0 is needed`);
    for (const [i, stem] of ['libnvrtc', 'libcublas'].entries()) {
      if (libraries[i]!.found) this.skip(); // this machine has CUDA of its own
      expect(libraries[i]!.problem).to.contain(`${stem}.so.13 or ${stem}.so.12 is not here; ${folder}/${stem}.so.13: `);
    }
  });

  it('says how the process ended that a library took with it', async () => {
    const folder = temporaryFolder();
    const [part] = await withVariables({ NODE_OPTIONS: `--require ${killer(folder)}` }, inspectCudaParts);
    expect(part).to.deep.include({ name: 'CUDA', problem: 'its process ended with SIGABRT' });
  });
});

/** A module that ends every process that loads it. */
function killer(folder: string): string {
  const file = path.join(folder, 'killer.js');
  fs.writeFileSync(file, "process.kill(process.pid, 'SIGABRT');");
  return file;
}
