import { expect } from 'chai';
import { cpus, homedir, hostname, totalmem, userInfo } from 'node:os';

import { describeEnvironment, RECORDED_VARIABLES } from '../../src/runs/environment';

const FACTS = {
  backend: 'wasm',
  device: 'SIMD, 2 threads',
  dataset: { name: 'fashion-mnist', digest: 'ab12', train: { count: 60000 }, test: { count: 10000 } },
};

describe('the description of the environment', () => {
  it('says what ran on what', () => {
    const { versions, cpu, memoryBytes, ...rest } = describeEnvironment(FACTS, { CUDA_VISIBLE_DEVICES: '1' });
    const { version } = require('../../package.json') as { version: string };
    expect(versions).to.deep.equal({ handgrad: version, node: process.version, tfjs: '4.22.0' });
    expect(cpu.count).to.equal(cpus().length);
    expect(memoryBytes).to.equal(totalmem());
    expect(rest).to.deep.include({
      backend: 'wasm',
      device: 'SIMD, 2 threads',
      dataset: { name: 'fashion-mnist', digest: 'ab12', trainSamples: 60000, testSamples: 10000 },
      variables: { CUDA_VISIBLE_DEVICES: '1' },
    });
  });

  it('F44 names allowed variables only: secrets of every common name stay out', () => {
    const SECRET = 'hunter2-5ecret';
    const names = [
      'AWS_SECRET_ACCESS_KEY',
      'GITHUB_TOKEN',
      'NPM_TOKEN',
      'HANDGRAD_TOKEN',
      'TF_API_KEY',
      'REDIS_URL',
      'PATH',
    ];
    names.push('HANDGRAD_DATA_DIR', 'handgrad_backend', '__proto__', 'cuda_visible_devices');
    const variables = Object.fromEntries(names.map((name) => [name, SECRET]));
    const described = describeEnvironment(FACTS, { ...variables, OMP_NUM_THREADS: '2' });
    expect(JSON.stringify(described)).to.not.include(SECRET);
    expect(described.variables).to.deep.equal({ OMP_NUM_THREADS: '2' });
    expect(RECORDED_VARIABLES.filter((name) => /TOKEN|KEY|SECRET|PASS|URL|DIR|PATH$/.test(name))).to.deep.equal([]);
  });

  it('F44 reads the process environment by the same rule', () => {
    process.env['HANDGRAD_SPEC_SECRET'] = 'hunter2-5ecret';
    try {
      expect(JSON.stringify(describeEnvironment(FACTS))).to.not.include('hunter2');
    } finally {
      delete process.env['HANDGRAD_SPEC_SECRET'];
    }
  });

  it('F44 names neither the machine, nor its user, nor a path', () => {
    const text = JSON.stringify(describeEnvironment(FACTS, {}));
    for (const path of [homedir(), process.cwd()]) expect(text).to.not.include(path);
    for (const name of [hostname(), userInfo().username]) expect(text).to.not.include(JSON.stringify(name));
  });
});
