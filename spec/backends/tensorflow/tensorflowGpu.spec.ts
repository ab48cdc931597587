import { expect } from 'chai';
import { explainNoGpu, mustCompile } from '../../../src/backends/tensorflow/tensorflowGpu';
import { readLog } from '../../../src/backends/tensorflow/cudaLibraries';
import { firstVisible, nvidiaGpus, parseGpus } from '../../../src/backends/nvidia';
import { needNvidia } from '../../need';
import { runInChild, selectInChild } from '../child';

// What can be checked without a GPU: reading what the driver and TensorFlow say, and the sentences made of it. The last
// suite needs the real thing.

const SMI = '0, NVIDIA H100 80GB HBM3, 81559, 580.159.04, 9.0\n1, NVIDIA GeForce GTX 1080, 8192, 580.159.04, 6.1\n';
const NPM = { cuda: '11.2', cudnn: '8.1', capabilities: [35, 50, 60, 70, 75, 80] };
const title = 'TensorFlow 2.9.1 (@tensorflow/tfjs-node-gpu 4.22.0)';

describe('tensorflow-gpu', () => {
  describe('reads what nvidia-smi prints', () => {
    it('one row for each GPU', () => {
      expect(parseGpus(SMI)).to.deep.equal([
        { index: 0, name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81559, driver: '580.159.04', capability: 90 },
        { index: 1, name: 'NVIDIA GeForce GTX 1080', memoryMiB: 8192, driver: '580.159.04', capability: 61 },
      ]);
      expect(parseGpus('No devices were found\n')).to.deep.equal([]);
    });

    it('and takes the one that the process sees first', () => {
      const gpus = parseGpus(SMI);
      expect(firstVisible(gpus, undefined).index).to.equal(0);
      expect(firstVisible(gpus, '1,0').index).to.equal(1);
      expect(firstVisible(gpus, 'GPU-5e2a').index).to.equal(0);
    });
  });

  it('knows when kernels have to be compiled for a GPU', () => {
    const [h100, gtx1080] = parseGpus(SMI);
    expect(mustCompile(h100!, NPM)).to.equal(true);
    expect(mustCompile(gtx1080!, NPM)).to.equal(false);
    expect(mustCompile(h100!, { ...NPM, capabilities: [60, 70, 80, 89, 90] })).to.equal(false);
    expect(mustCompile(h100!, { ...NPM, capabilities: [] }), 'nothing is known').to.equal(false);
  });

  describe("reads TensorFlow's log", () => {
    const line = (level: string, file: string, text: string) =>
      `2026-01-01 00:00:00.0: ${level} tensorflow/stream_executor/${file}] ${text}`;
    const lacks = (name: string, rest = '') =>
      line(
        'W',
        'platform/default/dso_loader.cc:64',
        `Could not load dynamic library '${name}'; dlerror: ${name}: cannot open shared object file${rest}`,
      );
    const noDevice = 'failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected';
    const log = [
      lacks('libcudart.so.11.0', ': No such file or directory; LD_LIBRARY_PATH: /x'),
      lacks('libcudnn.so.8', ': No such file or directory'),
      lacks('libcudnn.so.8', ': No such file or directory'),
      lacks('libnvinfer.so.7'),
      line('E', 'cuda/cuda_driver.cc:271', noDevice),
    ].join('\n');

    it('for the libraries that it could not load, each once, and for what CUDA said', () => {
      const { missing, errors } = readLog(log);
      expect(missing.map(({ needed }) => needed)).to.deep.equal(['libcudart.so.11.0', 'libcudnn.so.8']);
      expect(missing[0]!.why).to.equal('cannot open shared object file: No such file or directory');
      expect(errors.join()).to.contain('CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected');
      expect(readLog('I tensorflow: all is well')).to.deep.equal({ missing: [], errors: [] });
    });
  });

  describe('F60 says why TensorFlow runs on the processor', () => {
    const gpus = parseGpus(SMI).slice(0, 1);
    let visible: string | undefined;
    before(() => {
      visible = process.env['CUDA_VISIBLE_DEVICES'];
      delete process.env['CUDA_VISIBLE_DEVICES'];
    });
    after(() => {
      if (visible !== undefined) process.env['CUDA_VISIBLE_DEVICES'] = visible;
    });

    it('naming the library that could not be loaded, the versions needed and found, and the ways out', () => {
      const missing = [
        { needed: 'libcudart.so.11.0', why: 'no such file', found: ['/usr/local/cuda-12/lib64/libcudart.so.12'] },
        { needed: 'libcudnn.so.8', why: 'no such file', found: [] },
      ];
      const { reason, remedy } = explainNoGpu({ title, cuda: NPM }, gpus, missing);
      expect(reason).to.contain('NVIDIA H100 80GB HBM3').and.to.contain('needs CUDA 11.2 and cuDNN 8.1');
      expect(reason).to.contain('libcudart.so.11.0 (found /usr/local/cuda-12/lib64/libcudart.so.12)');
      expect(reason).to.contain('libcudnn.so.8 (no such file)');
      expect(remedy).to.contain('handgrad setup tensorflow').and.to.contain('webgpu');
    });

    it('a build for the processor, a driver that is not there, and an error of CUDA', () => {
      expect(explainNoGpu({ title, cuda: undefined }, gpus).reason).to.contain('was built for the processor only');
      expect(explainNoGpu({ title, cuda: NPM }, 'there is no NVIDIA driver').reason).to.match(
        /: there is no NVIDIA driver$/,
      );
      const { reason } = explainNoGpu({ title, cuda: NPM }, gpus, [], ['failed call to cuInit: CUDA_ERROR_UNKNOWN']);
      expect(reason).to.match(/although this machine has .*: failed call to cuInit: CUDA_ERROR_UNKNOWN$/);
    });
  });

  describe('on an NVIDIA GPU', function () {
    this.timeout(600_000);
    before(async function () {
      needNvidia(this, await nvidiaGpus());
    });

    it('runs, names the device and its memory, and leaves memory to others', async () => {
      const answer = await selectInChild('tensorflow-gpu', {});
      if (!('backend' in answer)) throw new Error(answer.message);
      expect(answer.backend.device).to.match(
        /^NVIDIA .+ \([\d,]+ MiB, compute capability \d+\.\d, driver [\d.]+\), through Tensor/,
      );
    });

    it('repeats a training bit for bit', async () => {
      const code = `require('./src/backends').selectBackend('tensorflow-gpu')
        .then(() => require('./spec/backends/shortTraining').shortTraining())
        .then((run) => console.log(JSON.stringify(run)))`;
      const env = { TF_DETERMINISTIC_OPS: '1' };
      expect((await runInChild(code, env)).stdout)
        .to.equal((await runInChild(code, env)).stdout)
        .and.not.equal('');
    });
  });
});
