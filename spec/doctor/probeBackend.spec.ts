import { expect } from 'chai';
import { KERNELS, probeBackend } from '../../src/doctor/probeBackend';
import { NPM_BACKENDS } from '../backend';
import { runInChild, temporaryFolder } from '../backends/child';

describe('probeBackend', function () {
  this.timeout(60_000);

  for (const backend of NPM_BACKENDS) {
    it(`measures ${backend}: it lacks nothing, and its product is right`, async () => {
      const report = await probeBackend(backend, {});
      if (!report.runs) throw new Error(report.reason);
      expect(report.name).to.equal(backend);
      expect(report.missingKernels).to.deep.equal([]);
      expect(report.gflops).to.be.within(0.005, 1e5);
      expect(report.largestError).to.be.above(0).and.below(1e-5);
    });
  }

  it('says why a backend does not run', async () => {
    const before = process.env['HANDGRAD_WEBGPU'];
    process.env['HANDGRAD_WEBGPU'] = temporaryFolder();
    try {
      const report = await probeBackend('webgpu', {});
      expect(report).to.have.property('runs', false);
      expect(report)
        .to.have.property('reason')
        .that.matches(/^webgpu and .* not installed.*npm install/);
    } finally {
      if (before === undefined) delete process.env['HANDGRAD_WEBGPU'];
      else process.env['HANDGRAD_WEBGPU'] = before;
    }
  });

  it('knows every kernel that training, evaluation and the gradient check call', async () => {
    const code = `
      const tf = require('@tensorflow/tfjs-core');
      const { ACTIVATIONS, bestNetwork, createOptimizer, createRandom, dataIterator, evaluate } = require('./src');
      const { initParams, OPTIMIZERS, selectBackend, startState, train } = require('./src');
      const random = createRandom(1, 'split');
      const features = Uint8Array.from({ length: 400 }, () => random.integer(256));
      const labels = Int32Array.from({ length: 40 }, () => random.integer(3));
      const samples = { features, labels, count: 40, numInputs: 10, scale: 1 / 255 };
      const work = async () => {
        for (const activation of Object.keys(ACTIVATIONS)) for (const name of Object.keys(OPTIMIZERS)) {
          const optimizer = createOptimizer(name, 0.1);
          const state = startState(initParams(10, 3, [4], createRandom(1, 'init'), { activation }), optimizer);
          const testIter = dataIterator(samples, 16);
          const trainIter = dataIterator(samples, 16, { shuffleSeed: 1 });
          for await (const _ of train({ state, trainIter, testIter, numEpochs: 1, optimizer })) void _;
          await evaluate(testIter, bestNetwork(state));
        }
      };
      // cpu has no kernel of ours in their place.
      selectBackend('cpu')
        .then(() => tf.profile(work))
        .then(({ kernelNames }) => console.log(JSON.stringify(kernelNames)));`;
    const { stdout, stderr } = await runInChild(code);
    if (!stdout) throw new Error(stderr);
    const called = JSON.parse(stdout) as string[];
    expect(called.length).to.be.above(8);
    expect(called.filter((name) => !KERNELS.includes(name))).to.deep.equal([]);
  });
});
