import { expect } from 'chai';
import { need } from '../../need';
import { runInChild, selectInChild, temporaryFolder } from '../child';

const ALLOWED = { allowSoftware: true };

describe('webgpu', function () {
  this.timeout(120_000);

  it('F60 refuses where its packages are not installed, and says what to install', async () => {
    const folder = temporaryFolder();
    const answer = await selectInChild('webgpu', { HANDGRAD_WEBGPU: folder });
    expect(answer).to.have.property('kind', 'backend');
    expect(answer)
      .to.have.property('message')
      .that.matches(/^The webgpu backend cannot run here: webgpu and @tensorflow\/tfjs-backend-webgpu 4\.22\.0 are not/)
      .and.contains('npm install webgpu@^0.6.2 @tensorflow/tfjs-backend-webgpu@4.22.0')
      .and.contains(folder);
  });

  describe('with its packages', () => {
    before(async function () {
      need(this, await packagesAbsent());
    });

    it('F60 refuses where there is no adapter, and says what is missing', async () => {
      // A Vulkan driver that is not there is what Dawn sees on a machine without one; elsewhere it finds the real GPU.
      if (process.platform !== 'linux') this.ctx.skip();
      const missing = '/nonexistent/driver.json';
      const answer = await selectInChild(
        'webgpu',
        { VK_DRIVER_FILES: missing, VK_ICD_FILENAMES: missing },
        '',
        ALLOWED,
      );
      expect(answer).to.have.property('kind', 'backend');
      expect(answer)
        .to.have.property('message')
        .that.matches(/^The webgpu backend cannot run here: no GPU offers it Vulkan.*driver/);
    });

    describe('on an adapter', () => {
      let software: string | undefined;

      before(async function () {
        const allowed = await selectInChild('webgpu', {}, '', ALLOWED);
        need(this, 'backend' in allowed ? undefined : allowed.message);
        const plain = await selectInChild('webgpu', {});
        software = 'backend' in plain ? undefined : plain.message;
      });

      it('names the adapter, and takes a program on the processor only when that is allowed', async () => {
        const answer = await selectInChild('webgpu', {}, '', ALLOWED);
        if (!('backend' in answer)) throw new Error(answer.message);
        expect(answer.backend.name).to.equal('webgpu');
        expect(answer.backend.device).to.match(/^\S.* through WebGPU \(.+\)$/);
        expect(Object.keys(answer.backend.versions)).to.include.members(['webgpu', 'tfjs-backend-webgpu']);
        const isSoftware = /swiftshader|llvmpipe|lavapipe/i.test(answer.backend.device);
        expect(software !== undefined).to.equal(isSoftware);
        if (isSoftware) expect(software).to.match(/is a program on the processor \(.+\); set `allowSoftware`/);
      });

      it('takes eight steps of gradient descent as the cpu backend does', async () => {
        const steps = async (backend: string) => {
          const { stdout, stderr } = await runInChild(eightSteps(backend));
          if (!stdout) throw new Error(stderr);
          return JSON.parse(stdout) as number[];
        };
        const expected = await steps('cpu');
        const found = await steps('webgpu');
        expect(expected).to.have.length(8);
        expect(expected.at(-1)).to.be.below(0.9 * expected[0]!);
        found.forEach((loss, i) => expect(Math.abs(loss / expected[i]! - 1)).to.be.below(1e-4));
      });

      it('adds any number of tensors, and leaves none behind', async () => {
        const code = `const tf = require('@tensorflow/tfjs-core');
          require('./src/backends').selectBackend('webgpu', { allowSoftware: true }).then(async () => {
            const sums = [];
            for (const count of [1, 7, 8, 14, 40]) {
              const terms = Array.from({ length: count }, (_, i) => tf.tensor1d([i, 1]));
              const before = tf.engine().backend.numDataIds();
              const sum = tf.addN(terms);
              sums.push(...(await sum.data()));
              sum.dispose();
              sums.push(tf.engine().backend.numDataIds() - before);
            }
            console.log(JSON.stringify(sums));
          });`;
        const { stdout, stderr } = await runInChild(code);
        expect(stdout.trim(), stderr).to.equal('[0,1,0,21,7,0,28,8,0,91,14,0,780,40,0]');
      });

      it('finds no fault in the gradients', async () => {
        const { stdout, stderr } = await runInChild(GRADCHECK);
        if (!stdout) throw new Error(stderr);
        const errors = JSON.parse(stdout) as number[];
        expect(errors).to.have.length(4);
        for (const error of errors) expect(error).to.be.below(1e-2);
      });

      it('F63 says that the GPU could not compute a tensor that is too large, and to try a smaller batch', async () => {
        const code = `const tf = require('@tensorflow/tfjs-core');
          require('./src/backends').selectBackend('webgpu', { allowSoftware: true })
            .then(() => tf.fill([40_000, 20_000], 1).data())
            .then(() => console.log('computed'), (error) => console.log(error.kind + ': ' + error.message));`;
        const { stdout, stderr } = await runInChild(code);
        expect(stdout, stderr).to.match(/^backend: The GPU could not compute .+: try a smaller batch/);
      });
    });
  });
});

/** Why the backend cannot be loaded, whatever adapters there are. */
async function packagesAbsent(): Promise<string | undefined> {
  const answer = await selectInChild('webgpu', {}, '', ALLOWED);
  return 'message' in answer && answer.message.includes('not installed') ? answer.message : undefined;
}

const eightSteps = (backend: string) => `
  const tf = require('@tensorflow/tfjs-core');
  const { createRandom, initParams, lossAndGradients, oneHot, plainSteps, selectBackend } = require('./src');
  (async () => {
    await selectBackend('${backend}', { allowSoftware: true });
    const random = createRandom(5, 'split');
    const network = initParams(40, 10, [16], createRandom(1, 'init'));
    let layers = network.layers.map(({ W, b }) => ({ W: tf.mul(W, 20), b }));
    const X = tf.tensor2d(Float32Array.from({ length: 32 * 40 }, () => random.uniform()), [32, 40]);
    const y = oneHot(tf.tensor1d(Int32Array.from({ length: 32 }, () => random.integer(10)), 'int32'), 10);
    const losses = [];
    for (let step = 0; step < 8; step++) {
      const { loss, grads } = lossAndGradients(X, y, plainSteps({ ...network, layers }));
      losses.push((await loss.data())[0]);
      layers = layers.map(({ W, b }, l) => ({
        W: tf.sub(W, tf.mul(grads[l].dW, 0.5)),
        b: tf.sub(b, tf.mul(grads[l].db, 0.5)),
      }));
    }
    console.log(JSON.stringify(losses));
  })();`;

const GRADCHECK = `
  const tf = require('@tensorflow/tfjs-core');
  const { createRandom, initParams, gradcheck, selectBackend } = require('./src');
  (async () => {
    await selectBackend('webgpu', { allowSoftware: true });
    const random = createRandom(5, 'gradcheck');
    const X = tf.tensor2d(Float32Array.from({ length: 4 * 12 }, () => random.uniform()), [4, 12]);
    const y = tf.tensor1d([0, 2, 1, 2], 'int32');
    const network = initParams(12, 3, [5], createRandom(1, 'init'));
    const results = await gradcheck({ network, batch: { X, y }, random });
    console.log(JSON.stringify(results.map(({ relativeError }) => relativeError)));
  })();`;
