import fs from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { BACKENDS, selectBackend, type BackendName } from '../../src/backends';
import { HandgradError } from '../../src/errors';
import { NPM_BACKENDS } from '../backend';
import { runInChild, selectInChild, temporaryFolder } from './child';

/** No compiler on the path, and no library that one made before. */
const WITHOUT_COMPILER = { CXX: undefined, PATH: temporaryFolder(), HANDGRAD_NATIVE: temporaryFolder() };

describe('selectBackend', () => {
  for (const name of NPM_BACKENDS) {
    it(`makes ${name} the current backend and describes it`, async () => {
      const backend = await selectBackend(name);
      expect(tf.getBackend()).to.equal(name);
      expect(backend).to.deep.include({ name, rejected: [] });
      expect(backend.device).to.match({ wasm: /^WebAssembly with SIMD/, cpu: /^JavaScript on Node \d/ }[name]);
      expect(backend.versions).to.deep.equal({
        node: process.versions.node,
        'tfjs-core': '4.22.0',
        [`tfjs-backend-${name}`]: '4.22.0',
      });
    });

    it(`prints nothing on ${name}, not even at the first tensor`, async () => {
      const code = `const tf = require('@tensorflow/tfjs-core');
        require('./src/backends').selectBackend('${name}').then(() => tf.matMul([[1, 2]], [[3], [4]]).data());`;
      const { code: exit, stdout, stderr } = await runInChild(code);
      expect({ exit, stdout, stderr }).to.deep.equal({ exit: 0, stdout: '', stderr: '' });
    });
  }

  it('leaves the exit code of a crash to Node, which the WebAssembly start-up code would change to 7', async () => {
    const crash =
      "require('./src/backends').selectBackend('wasm').then(() => setTimeout(() => { throw new Error('x') }))";
    expect((await runInChild(crash)).code).to.equal(1);
    const rejection = "require('./src/backends').selectBackend('wasm').then(() => { throw new Error('x') })";
    expect((await runInChild(rejection)).code).to.equal(1);
  });

  it('refuses a name that is not a backend', async () => {
    const error = await refusal(selectBackend('gpu' as BackendName));
    expect(error.kind).to.equal('usage');
    expect(error.message).to.contain('"gpu"').and.to.contain(Object.keys(BACKENDS).join(', '));
  });

  it('loads no TensorFlow.js for the list of names', async () => {
    const code = `Object.keys(require('./src/backends').BACKENDS);
      console.log(Object.keys(require.cache).filter((file) => file.includes('@tensorflow')).length)`;
    expect((await runInChild(code)).stdout.trim()).to.equal('0');
  });

  describe('where no tfjs-node is installed', () => {
    const env = { HANDGRAD_TFJS_NODE: temporaryFolder() };

    for (const name of ['tensorflow-gpu', 'tensorflow'] as const) {
      it(`F60 refuses ${name} and says what to install`, async () => {
        const answer = await selectInChild(name, env);
        expect(answer).to.have.property('kind', 'backend');
        expect(answer)
          .to.have.property('message')
          .that.matches(new RegExp(`^The ${name} backend cannot run here: .*npm install @tensorflow/tfjs-node`))
          .and.contains(env.HANDGRAD_TFJS_NODE);
      });
    }

    it('auto without a compiler takes wasm and says why not native, tensorflow-gpu and tensorflow', async () => {
      const answer = await selectInChild('auto', { ...env, ...WITHOUT_COMPILER });
      if (!('backend' in answer)) throw new Error(answer.message);
      expect(answer.backend.name).to.equal('wasm');
      const rejected = answer.backend.rejected.filter(({ name }) => name !== 'cuda');
      expect(rejected.map(({ name }) => name)).to.deep.equal(['native', 'tensorflow-gpu', 'tensorflow']);
      expect(rejected[0]!.reason).to.match(/no C\+\+ compiler.*(apt-get install g\+\+|xcode-select)/);
      for (const { reason } of rejected.slice(1)) expect(reason).to.contain('no tfjs-node');
    });

    it('auto takes cpu where WebAssembly does not start either, and says why', async () => {
      const answer = await selectInChild(
        'auto',
        { ...env, ...WITHOUT_COMPILER },
        'delete WebAssembly.instantiate; delete WebAssembly.Module;',
      );
      if (!('backend' in answer)) throw new Error(answer.message);
      expect(answer.backend.name).to.equal('cpu');
      expect(answer.backend.rejected.at(-1)).to.have.property('name', 'wasm');
      expect(answer.backend.rejected.at(-1)!.reason).to.match(/^it does not start \(.+\)$/);
    });
  });

  describe('with a backend that computes wrong numbers', () => {
    beforeEach(() => selectBackend('wasm'));
    const broken = ['BatchMatMul', 'Add', 'Maximum', 'Sum'] as const;

    for (const kernelName of broken) {
      it(`finds that its ${kernelName} is broken, and keeps the backend that was current`, async () => {
        const good = tf.getKernel(kernelName, 'cpu');
        tf.unregisterKernel(kernelName, 'cpu');
        tf.registerKernel({ ...good, kernelFunc: offByOne(good.kernelFunc) });
        try {
          const error = await refusal(selectBackend('cpu'));
          expect(error.kind).to.equal('backend');
          expect(error.message).to.match(
            /^The cpu backend cannot run here: it computes wrong numbers \(.+ instead of .+\)/,
          );
          expect(tf.getBackend()).to.equal('wasm');
        } finally {
          tf.unregisterKernel(kernelName, 'cpu');
          tf.registerKernel(good);
        }
        expect((await selectBackend('cpu')).name).to.equal('cpu');
      });
    }

    it('leaves no tensor behind', async () => {
      const before = tf.memory().numTensors;
      await selectBackend('wasm');
      expect(tf.memory().numTensors).to.equal(before);
    });
  });

  it('documents every backend', () => {
    const guide = fs.readFileSync('docs/backends.md', 'utf8');
    for (const name of Object.keys(BACKENDS)) expect(guide).to.contain(`\`${name}\``);
  });
});

/** The kernel, wrong by one in its first number: what a broken backend would do. */
function offByOne(kernel: tf.KernelFunc): tf.KernelFunc {
  return (args) => {
    const out = kernel(args) as tf.TensorInfo;
    const values = (args.backend as tf.KernelBackend).readSync(out.dataId) as Float32Array;
    values[0]! += 1;
    return out;
  };
}

async function refusal(selection: Promise<unknown>): Promise<HandgradError> {
  const error = await selection.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(HandgradError);
  return error as HandgradError;
}
