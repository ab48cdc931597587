import { expect } from 'chai';
import { temporaryFolder } from '../../backends/child';
import { standInAbsent, standInFolder } from '../../backends/device/standIn/standIn';
import { need } from '../../need';
import { program } from '../program';

describe('doctor', function () {
  this.timeout(120_000);
  // A machine without the optional backends and without data.
  const env = {
    HANDGRAD_TFJS_NODE: temporaryFolder(),
    HANDGRAD_WEBGPU: temporaryFolder(),
    HANDGRAD_NATIVE: temporaryFolder(),
    CXX: 'no-such-compiler',
    HANDGRAD_DATA_DIR: temporaryFolder(),
  };

  it('reports a machine that can train on wasm, as JSON, and exits with 0', async () => {
    const { code, stdout, stderr } = await program(['doctor', '--json', '--quiet'], env);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.equal('');
    const report = JSON.parse(stdout) as Record<string, unknown> & { backends: { name: string; runs: boolean }[] };
    expect(report).to.include({ ready: true, next: 'train' });
    expect(report).to.include.keys(
      'node',
      'os',
      'cpu',
      'memory',
      'runs',
      'backends',
      'cuda',
      'compiler',
      'datasets',
      'verdict',
    );
    expect(report.backends.filter(({ runs }) => runs).map(({ name }) => name)).to.deep.equal(['wasm', 'cpu']);
  });

  it("lists the parts of CUDA and native's compiler, each with its version and place", async function () {
    need(this, standInAbsent());
    const folder = await standInFolder();
    const { stdout } = await program(['doctor', '--quiet'], { ...env, HANDGRAD_CUDA_LIBS: folder });
    expect(stdout).to.match(/^C\+\+ +CXX names no-such-compiler, which is no program here$/m);
    expect(stdout).to.match(new RegExp(`^ +NVIDIA's driver: for CUDA 13\\.0, ${folder}/libcuda\\.so\\.1$`, 'm'));
    expect(stdout).to.match(new RegExp(`^ +NVRTC: 1\\d\\.\\d+, ${folder}/libnvrtc\\.so\\.13$`, 'm'));
    expect(stdout).to.match(new RegExp(`^ +cuBLAS: 13\\.0\\.1, ${folder}/libcublas\\.so\\.13$`, 'm'));
    expect(stdout).to.match(/^cuda +\d.*Stand-in GPU 0 /m);
  });

  it('exits with 4 when the backend asked for does not run, after the whole report', async () => {
    const { code, stdout, stderr } = await program(['doctor', '--backend', 'tensorflow'], env);
    expect(code).to.equal(4);
    expect(stdout)
      .to.match(/^Node +\d/)
      .and.to.match(/^wasm +\d/m)
      .and.to.match(/^fashion-mnist +absent$/m);
    expect(stdout).to.match(/^tensorflow does not run: .+npm install/m);
    expect(stderr).to.match(
      /Error: The tensorflow backend does not run here: .+; next: handgrad setup tensorflow\.\n$/,
    );
  });
});
