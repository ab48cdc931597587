import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { setupFolder, readBuiltAddon } from '../../../../src/backends/tensorflow/builtAddon';
import { removeLeftovers } from '../../../../src/backends/tensorflow/setup/setupTensorflow';
import { inspectTensorFlow } from '../../../../src/backends/tensorflow/setup/tensorFlow';
import { temporaryFolder } from '../../child';
import { program } from '../../../cli/program';

// The build itself takes a download of 270 MB: .ci/run does it once,
// and the specs of the tensorflow backend run on the result.

describe('setup tensorflow', function () {
  this.timeout(60_000);
  const leftovers = () => {
    const { dir, base } = path.parse(setupFolder());
    return fs.existsSync(dir) ? fs.readdirSync(dir).filter((name) => name.startsWith(`${base}.`)) : [];
  };

  const refused: [what: string, code: number, says: RegExp, env: Record<string, string>, ...args: string[]][] = [
    ['another backend', 2, /BACKEND must be one of native, tensorflow/, {}, 'tensorflow-gpu'],
    ['both ways to name a TensorFlow', 2, /exclude each other/, {}, 'tensorflow', '--python', 'p', '--tensorflow', 't'],
    [
      'a machine without compiler',
      4,
      /needs a C\+\+ compiler.*apt-get install g\+\+/,
      { CXX: '/nonexistent/cxx' },
      'tensorflow',
    ],
    [
      'a Python that is not there',
      4,
      /\/nonexistent\/python does not run/,
      {},
      'tensorflow',
      '--python',
      '/nonexistent/python',
    ],
    [
      'a folder without TensorFlow',
      4,
      /is not a TensorFlow to build against/,
      {},
      'tensorflow',
      '--tensorflow',
      temporaryFolder(),
    ],
  ];
  for (const [what, code, says, env, ...args] of refused) {
    it(`refuses ${what} before it changes anything`, async () => {
      const before = readBuiltAddon(setupFolder());
      const ended = await program(['setup', ...args], env);
      expect(ended.code, ended.stderr).to.equal(code);
      expect(ended.stderr)
        .to.match(says)
        .and.not.match(/\n\s+at /);
      expect(readBuiltAddon(setupFolder())).to.deep.equal(before);
      expect(leftovers()).to.deep.equal([]);
    });
  }

  it('takes away what a setup left that was killed, and nothing that another one works on', async () => {
    const { dir, base } = path.parse(setupFolder());
    const names = {
      dead: `${base}.4194305-00000000`,
      alive: `${base}.${process.pid}-00000000`,
      other: `${base}.notes`,
    };
    for (const name of Object.values(names)) fs.mkdirSync(path.join(dir, name), { recursive: true });
    try {
      // No pid is that large, so the first folder is a dead process's.
      await removeLeftovers();
      expect(Object.values(names).map((name) => fs.existsSync(path.join(dir, name)))).to.deep.equal([
        false,
        true,
        true,
      ]);
    } finally {
      for (const name of Object.values(names)) fs.rmSync(path.join(dir, name), { recursive: true, force: true });
    }
  });

  it('reads what a TensorFlow for GPUs was built with, and finds the CUDA that pip put beside it', () => {
    const site = temporaryFolder();
    const folder = path.join(site, 'tensorflow');
    const write = (file: string, text = '') => {
      fs.mkdirSync(path.dirname(path.join(site, file)), { recursive: true });
      fs.writeFileSync(path.join(site, file), text);
    };
    const suffix = process.platform === 'darwin' ? '.2.dylib' : '.so.2';
    write(`tensorflow/libtensorflow_cc${suffix}`);
    write(`tensorflow/libtensorflow_framework${suffix}`);
    write('tensorflow/include/tensorflow/c/c_api.h');
    write('tensorflow-2.21.0.dist-info/METADATA');
    write('nvidia/cudnn/lib/libcudnn.so.9');
    write(
      'tensorflow/python/platform/build_info.py',
      "build_info = collections.OrderedDict([('cuda_compute_capabilities', ['sm_60', 'sm_89', 'compute_90']), " +
        "('cuda_version', '12.5.1'), ('cudnn_version', '9'), ('is_cuda_build', True)])",
    );
    const found = inspectTensorFlow(site);
    expect(found).to.deep.include({ folder, version: '2.21.0', cudaFolders: [path.join(site, 'nvidia/cudnn/lib')] });
    expect(found.cuda).to.deep.equal({ cuda: '12.5.1', cudnn: '9', capabilities: [60, 89, 90] });
  });
});
