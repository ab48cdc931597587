import { expect } from 'chai';
import fs from 'node:fs';
import path from 'node:path';
import type { BackendOptions } from '../../../../src/backends/backend';
import { writePoints } from '../../../cli/points';
import { program } from '../../../cli/program';
import { need } from '../../../need';
import { type Ended, runInChild, selectInChild, temporaryFolder } from '../../child';
import { standInAbsent, standInFolder } from '../standIn/standIn';

// The host code of cuda with a stand-in for the driver and cuBLAS, and with the real NVRTC. Every test has a Node of
// its own: a library cannot be unloaded.

type Environment = Record<string, string | undefined>;

/** A machine without CUDA, as far as variables decide that. */
function bare(): Environment {
  const none = ['CUDA_HOME', 'CUDA_PATH', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'LD_LIBRARY_PATH'];
  const unset = [...none, 'CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER'];
  const empty = ['HOME', 'PATH', 'PYENV_ROOT', 'HANDGRAD_CUDA_LIBS', 'HANDGRAD_NATIVE', 'HANDGRAD_TFJS_NODE'];
  return {
    ...Object.fromEntries(unset.map((name) => [name, undefined])),
    ...Object.fromEntries(empty.map((name) => [name, temporaryFolder()])),
  };
}

interface Libraries {
  readonly driver?: string;
  readonly nvrtc?: string;
  readonly cublas?: string;
}

/** The files that the backend would load. */
async function librariesFound(env: Environment): Promise<Libraries> {
  const { stdout, stderr } = await runInChild(
    `const { loadDriver, loadToolkitLibrary } = require('./src/backends/device/cuda/libraries');
     const [driver, nvrtc, cublas] = [
       loadDriver(),
       loadToolkitLibrary('libnvrtc', ['libnvrtc-builtins'], [13, 12]),
       loadToolkitLibrary('libcublas', ['libcublasLt'], [13, 12]),
     ].map(({ file }) => file);
     console.log(JSON.stringify({ driver, nvrtc, cublas }));`,
    env,
  );
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as Libraries;
}

async function started(env: Environment, options: BackendOptions = {}) {
  const selected = await selectInChild('cuda', { ...bare(), ...env }, '', options);
  if (!('backend' in selected)) throw new Error(selected.message);
  return { ...selected.backend, notices: selected.notices };
}

async function refusal(env: Environment, options: BackendOptions = {}): Promise<string> {
  const selected = await selectInChild('cuda', { ...bare(), ...env }, '', options);
  if ('backend' in selected) throw new Error(`It runs on ${selected.backend.device}.`);
  expect(selected.kind).to.equal('backend');
  expect(selected.message).to.match(/^The cuda backend cannot run here: [^\n]*\.$/);
  return selected.message;
}

/** Starts cuda and runs `work`, which may use `tf`, `shortTraining`, `print` and `selectBackend`. */
async function onCuda<T>(env: Environment, work: string): Promise<T> {
  const code = `
    const tf = require('@tensorflow/tfjs-core');
    const { selectBackend } = require('./src/backends');
    const { shortTraining } = require('./spec/backends/shortTraining');
    const print = (value) => console.log(JSON.stringify(value));
    selectBackend('cuda').then(async () => { ${work} });`;
  const { stdout, stderr } = await runInChild(code, env);
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

describe('cuda, its driver played by a stand-in,', function () {
  this.timeout(120_000);
  /** All of CUDA 13 in one folder. */
  let HANDGRAD_CUDA_LIBS: string;
  let machine: Libraries;
  before(async function () {
    need(this, standInAbsent());
    HANDGRAD_CUDA_LIBS = await standInFolder();
    machine = await librariesFound(bare());
  });

  describe('finds NVRTC and cuBLAS', () => {
    const site = 'lib/python3.12/site-packages/nvidia/cu13/lib';
    const places: Record<string, [under: string, env: (root: string) => Environment]> = {
      'in a folder of HANDGRAD_CUDA_LIBS': ['.', () => ({})],
      'in CUDA_HOME': ['lib64', (root) => ({ CUDA_HOME: root })],
      'in CUDA_PATH': ['lib', (root) => ({ CUDA_PATH: root })],
      'in the packages of a virtual environment': [site, (root) => ({ VIRTUAL_ENV: root })],
      'in the packages of CUDA 12': [
        'lib/python3.9/site-packages/nvidia/cublas/lib',
        (root) => ({ VIRTUAL_ENV: root }),
      ],
      'in a conda environment': ['lib', (root) => ({ CONDA_PREFIX: root })],
      'in the packages of a conda environment': [site, (root) => ({ CONDA_PREFIX: root })],
      'in the packages of the user': [`.local/${site}`, (root) => ({ HOME: root })],
      'in the packages of the Python on the PATH': [
        site,
        (root) => {
          fs.mkdirSync(path.join(root, 'bin'));
          fs.writeFileSync(path.join(root, 'bin', 'python3'), '');
          return { PATH: path.join(root, 'bin') };
        },
      ],
      'in the packages of a Python that a link on the PATH leads to': [
        site,
        (root) => {
          const elsewhere = temporaryFolder();
          fs.mkdirSync(path.join(root, 'bin'));
          fs.writeFileSync(path.join(root, 'bin', 'python3.12'), '');
          fs.symlinkSync(path.join(root, 'bin', 'python3.12'), path.join(elsewhere, 'python3'));
          return { PATH: elsewhere };
        },
      ],
      'in the packages of a Python of pyenv': [`versions/3.12.1/${site}`, (root) => ({ PYENV_ROOT: root })],
    };
    for (const [where, [under, env]] of Object.entries(places)) {
      it(where, async function () {
        if (machine.nvrtc) this.skip(); // the loader's comes first
        const root = await standInFolder({ under });
        const found = await librariesFound({ ...bare(), HANDGRAD_CUDA_LIBS: root, ...env(root) });
        expect(found).to.deep.equal({
          driver: path.join(root, 'libcuda.so.1'),
          nvrtc: path.join(root, under, 'libnvrtc.so.13'),
          cublas: path.join(root, under, 'libcublas.so.13'),
        });
      });
    }

    it("by their names where the system's loader knows them, the driver too", async () => {
      const found = await librariesFound({ ...bare(), LD_LIBRARY_PATH: HANDGRAD_CUDA_LIBS });
      expect(found).to.deep.equal({ driver: 'libcuda.so.1', nvrtc: 'libnvrtc.so.13', cublas: 'libcublas.so.13' });
    });

    it('in HANDGRAD_CUDA_LIBS before anywhere else, in the order of its folders', async () => {
      const [first, second] = [await standInFolder({ nvrtc: [] }), await standInFolder()];
      const LD_LIBRARY_PATH = HANDGRAD_CUDA_LIBS;
      const found = await librariesFound({
        ...bare(),
        LD_LIBRARY_PATH,
        HANDGRAD_CUDA_LIBS: [first, second].join(path.delimiter),
      });
      expect(found).to.deep.equal({
        driver: path.join(first, 'libcuda.so.1'),
        nvrtc: path.join(second, 'libnvrtc.so.13'),
        cublas: path.join(first, 'libcublas.so.13'),
      });
    });

    it('goes on to the next place after a file that is no library', async () => {
      const broken = temporaryFolder();
      for (const name of ['libcuda.so.1', 'libnvrtc.so.13', 'libcublas.so.13'])
        fs.writeFileSync(path.join(broken, name), 'no library');
      const found = await librariesFound({
        ...bare(),
        HANDGRAD_CUDA_LIBS: [broken, HANDGRAD_CUDA_LIBS].join(path.delimiter),
      });
      for (const file of Object.values(found)) expect(path.dirname(file as string)).to.equal(HANDGRAD_CUDA_LIBS);
    });
  });

  it('says on which GPU, CUDA and cuBLAS it runs', async () => {
    const { device, versions, addressableBytes, notices } = await started({ HANDGRAD_CUDA_LIBS });
    expect(device).to.equal('Stand-in GPU 0 (1,024 MiB, compute capability 9.0), CUDA 13.0, cuBLAS 13.0.1');
    expect(versions).to.include({ cuda: '13.0', cublas: '13.0.1' });
    expect(versions['nvrtc']).to.match(/^1[23]\.\d+$/);
    expect(addressableBytes).to.equal(2 ** 30);
    expect(notices).to.deep.equal([]);
  });

  it('takes the libraries of CUDA 12 with a driver for 12, and with one for 13 where there are no others', async () => {
    const folder = await standInFolder({ nvrtc: [12], cublas: [12] });
    for (const STAND_IN_CUDA of ['12020', '13000'])
      expect((await started({ HANDGRAD_CUDA_LIBS: folder, STAND_IN_CUDA })).device).to.contain(', cuBLAS 13.0.1');
  });

  describe('F60 is refused with what is missing and how to get it:', () => {
    it('the driver', async function () {
      if (machine.driver) this.skip();
      expect(await refusal({})).to.match(
        /: NVIDIA's driver \(libcuda\.so\.1\) is not installed; install NVIDIA's driver where/,
      );
      const folder = temporaryFolder();
      fs.writeFileSync(path.join(folder, 'libcuda.so.1'), 'no library');
      expect(await refusal({ HANDGRAD_CUDA_LIBS: folder })).to.contain(`is not installed; ${folder}/libcuda.so.1: `);
    });

    it('NVRTC, for the CUDA that the driver supports', async function () {
      if (machine.nvrtc) this.skip();
      const without = await standInFolder({ nvrtc: [] });
      expect(await refusal({ HANDGRAD_CUDA_LIBS: without })).to.contain(
        'NVRTC, which compiles its kernels, is not here (libnvrtc.so.13 or libnvrtc.so.12); run "pip install ' +
          'nvidia-cuda-nvrtc", install the CUDA toolkit, or name the folder of its libraries in HANDGRAD_CUDA_LIBS.',
      );
      expect(await refusal({ HANDGRAD_CUDA_LIBS, STAND_IN_CUDA: '12080' }), 'only that of CUDA 13 is here').to.match(
        /is not here \(libnvrtc\.so\.12\); run "pip install nvidia-cuda-nvrtc-cu12"/,
      );
    });

    it('cuBLAS, where TF32 is asked for', async function () {
      if (machine.cublas) this.skip();
      const without = await standInFolder({ cublas: [] });
      expect(await refusal({ HANDGRAD_CUDA_LIBS: without }, { tf32: true })).to.match(
        /cuBLAS is not here \(libcublas\.so\.13 or libcublas\.so\.12\); run "pip install nvidia-cublas"/,
      );
    });

    it('a driver that is new enough', async () => {
      expect(await refusal({ HANDGRAD_CUDA_LIBS, STAND_IN_CUDA: '11080' })).to.match(
        /: the driver supports CUDA 11\.8 and 12\.0 is needed; install a newer version of NVIDIA's driver/,
      );
    });

    it('a driver that starts', async () => {
      expect(await refusal({ HANDGRAD_CUDA_LIBS, STAND_IN_INIT: '803' })).to.contain(
        'the driver does not start: cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH',
      );
    });

    it('a GPU, or one that CUDA_VISIBLE_DEVICES leaves', async () => {
      for (const env of [{ STAND_IN_GPUS: '0' }, { CUDA_VISIBLE_DEVICES: '-1' }, { CUDA_VISIBLE_DEVICES: '' }]) {
        expect(await refusal({ HANDGRAD_CUDA_LIBS, ...env })).to.match(
          /: the driver finds no GPU; check that nvidia-smi lists a GPU and that CUDA_VISIBLE_DEVICES does not hide it/,
        );
      }
    });

    it('a GPU that is not older than NVRTC’s', async function () {
      if (machine.nvrtc) this.skip();
      const message = await refusal({ HANDGRAD_CUDA_LIBS, STAND_IN_CAPABILITY: '50' });
      expect(message)
        .to.match(/: NVRTC 1\d\.\d+ compiles for compute capability 7\.5 and newer, and the Stand-in GPU 0 \(.*5\.0\)/)
        .and.match(/ is older; run "pip install nvidia-cuda-nvrtc-cu12"/);
    });

    it('and the program ends with 4 and one sentence', async () => {
      const points = writePoints(path.join(temporaryFolder(), 'points.csv'));
      const argv = ['gradcheck', '--backend', 'cuda', '--dataset', points];
      const { code, stdout, stderr } = await program(argv, { ...bare(), HANDGRAD_CUDA_LIBS, STAND_IN_GPUS: '0' });
      expect(stderr).to.match(/^Error: The cuda backend cannot run here: the driver finds no GPU; [^\n]*\.\n$/);
      expect({ code, stdout }).to.deep.equal({ code: 4, stdout: '' });
    });
  });

  it('takes the GPU that CUDA_VISIBLE_DEVICES names first, counted as nvidia-smi counts', async () => {
    const env = { HANDGRAD_CUDA_LIBS, STAND_IN_GPUS: '3' };
    expect((await started(env)).device).to.match(/^Stand-in GPU 0 /);
    expect((await started({ ...env, CUDA_VISIBLE_DEVICES: '2,0' })).device).to.match(/^Stand-in GPU 2 /);
    const fastest = { ...env, CUDA_DEVICE_ORDER: 'FASTEST_FIRST' };
    expect((await started(fastest)).device, 'who sets an order has it').to.match(/^Stand-in GPU 2 /);
  });

  it('runs on a GPU that is newer than NVRTC, by the code that the driver compiles', async () => {
    const { device } = await started({ HANDGRAD_CUDA_LIBS, STAND_IN_CAPABILITY: '190' });
    expect(device).to.contain('compute capability 19.0');
  });

  it('is the first that auto takes', async () => {
    const selected = await selectInChild('auto', { ...bare(), HANDGRAD_CUDA_LIBS });
    expect(selected).to.have.nested.property('backend.name', 'cuda');
    expect(selected).to.have.deep.nested.property('backend.rejected', []);
  });

  describe('its products', () => {
    it('are its own without cuBLAS, or with one that does not start, and the backend says so', async function () {
      if (machine.cublas) this.skip();
      const env = { ...bare(), HANDGRAD_CUDA_LIBS: await standInFolder({ cublas: [] }) };
      const { device, versions, notices } = await started(env);
      expect(device).to.match(/, own matrix products$/);
      expect(versions).to.not.have.property('cublas');
      expect(notices).to.have.length(1);
      expect(notices[0]).to.match(
        /^cuBLAS is not here \(.*\): matrix products take the backend's own, slower kernel\.$/,
      );
      const broken = HANDGRAD_CUDA_LIBS;
      const without = await started({ HANDGRAD_CUDA_LIBS: broken, STAND_IN_CUBLAS_CREATE: '1' });
      expect(without.notices.join()).to.match(/^cuBLAS does not start \(cublasCreate: .*\): matrix products/);
      const work = `
        const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
        print([[false, true], [true, false]].map(([a, b]) => [...tf.matMul(x, x, a, b).dataSync()]));`;
      expect(await onCuda(env, work)).to.deep.equal([
        [14, 32, 32, 77],
        [17, 22, 27, 22, 29, 36, 27, 36, 45],
      ]);
    });

    it('are true float32, or TF32 where that is asked for', async () => {
      const one = 'tf.matMul([[1 + 2 ** -12]], [[1]]).dataSync()[0] - 1';
      expect(await onCuda<number>({ HANDGRAD_CUDA_LIBS }, `print(${one})`)).to.equal(2 ** -12);
      const { stdout, stderr } = await runInChild(
        `const tf = require('@tensorflow/tfjs-core');
         require('./src/backends').selectBackend('cuda', { tf32: true })
           .then(({ device }) => console.log(device, ${one}))`,
        { HANDGRAD_CUDA_LIBS },
      );
      expect(stdout, stderr).to.match(/, cuBLAS 13\.0\.1 in TF32 0\n$/);
    });

    it('keep one precision for a process', async () => {
      const work = `
        const again = await selectBackend('cuda');
        print([again.device, await selectBackend('cuda', { tf32: true }).catch(({ message }) => message)]);`;
      const [again, other] = await onCuda<string[]>({ HANDGRAD_CUDA_LIBS }, work);
      expect(again).to.match(/cuBLAS 13\.0\.1$/);
      expect(other).to.contain('it runs already with another precision; choose the precision in a process of its own');
    });

    it('in TF32 are refused by every other backend, by name and by auto', async () => {
      for (const [requested, env] of [
        ['cpu', {}],
        ['wasm', {}],
        ['native', {}],
        ['auto', { HANDGRAD_CUDA_LIBS, STAND_IN_GPUS: '0' }],
      ] as const) {
        const selected = await selectInChild(requested, { ...bare(), ...env }, '', { tf32: true });
        expect(selected, requested).to.have.property('kind', 'usage');
        expect(selected)
          .to.have.property('message')
          .that.matches(/^TF32 is .* cuda backend/);
      }
      const points = writePoints(path.join(temporaryFolder(), 'points.csv'));
      const { code, stderr } = await program([
        'train',
        '--backend',
        'wasm',
        '--tf32',
        '--batch-size',
        '50',
        '--dataset',
        points,
      ]);
      expect(stderr).to.match(/^Error: TF32 is .*wasm does not[^\n]*\n$/);
      expect(code).to.equal(2);
    });

    it('that fail are one sentence', async () => {
      const failing = { HANDGRAD_CUDA_LIBS, STAND_IN_CUBLAS: '13' };
      expect(await refusal(failing)).to.contain('The GPU failed (cublasSgemm: CUBLAS_STATUS_EXECUTION_FAILED)');
    });
  });

  describe('when its memory is full', () => {
    const points = () => writePoints(path.join(temporaryFolder(), 'points.csv'), 3000);
    const train = (STAND_IN_MEMORY: number, batchSize: number): Promise<Ended> =>
      program(
        [
          'train',
          '--backend',
          'cuda',
          '--dataset',
          points(),
          '--hidden',
          '4096',
          '--batch-size',
          `${batchSize}`,
        ].concat(['--epochs', '1', '--limit', '2000', '--quiet', '--run-dir', path.join(temporaryFolder(), 'run')]),
        { HANDGRAD_CUDA_LIBS, STAND_IN_MEMORY: `${STAND_IN_MEMORY}` },
      );

    it('F63 it names the batch size and a smaller one, before the first step or in the middle of it', async () => {
      for (const [megabytes, batchSize] of [
        [20, 2000],
        [60, 2000],
      ] as const) {
        const { code, stderr } = await train(megabytes * 1e6, batchSize);
        expect(stderr).to.equal(
          'Error: The cuda backend does not have enough memory for a batch size of 2,000 and hidden layers of 4,096: ' +
            'try --batch-size 1000.\n',
        );
        expect(code).to.equal(4);
      }
      const { code, stderr } = await train(60e6, 200);
      expect(code, stderr).to.equal(0);
    });

    it('samples that do not fit stay in JavaScript, and the training has the same bits', async () => {
      const work = `
        const { createOptimizer, createRandom, dataIterator, initParams, parametersOf } = require('./src');
        const { startState, train } = require('./src');
        const random = createRandom(1, 'split');
        const samples = (count) => ({
          features: Uint8Array.from({ length: 60 * count }, () => random.integer(256)),
          labels: Int32Array.from({ length: count }, () => random.integer(3)),
          count, numInputs: 60, scale: 1 / 255,
        });
        const optimizer = createOptimizer('sgd', 0.5);
        const state = startState(initParams(60, 3, [8], createRandom(1, 'init')), optimizer);
        const trainIter = dataIterator(samples(6000), 20, { shuffleSeed: 1 });
        const testIter = dataIterator(samples(100), 20);
        const losses = [];
        for await (const event of train({ state, trainIter, testIter, numEpochs: 2, optimizer }))
          if (event.type === 'epoch') losses.push(event.loss, event.testLoss);
        print([losses, parametersOf(state.network).map(({ tensor }) => [...tensor.dataSync()])]);`;
      // The samples have 360,000 bytes.
      const [ample, scarce] = [undefined, '400000'].map((STAND_IN_MEMORY) =>
        onCuda({ HANDGRAD_CUDA_LIBS, STAND_IN_MEMORY }, work),
      );
      expect(await scarce).to.deep.equal(await ample);
    });

    it('memory that nobody uses any more is given back first', async () => {
      const work = `
        for (let n = 1; n <= 40; n++) tf.tidy(() => tf.add(tf.zeros([n * 5000]), 1).dataSync());
        print(tf.memory().numTensors);`;
      expect(await onCuda({ HANDGRAD_CUDA_LIBS, STAND_IN_MEMORY: '2000000' }, work)).to.equal(0);
    });
  });

  describe('when the GPU is lost', () => {
    const points = writePoints(path.join(temporaryFolder(), 'points.csv'));
    const run = path.join(temporaryFolder(), 'run');
    const size = ['--hidden', '8', '--batch-size', '15', '--epochs', '30', '--checkpoint-every', '10'];
    const argv = ['train', '--backend', 'cuda', '--dataset', points, ...size, '--quiet'];

    it('it is one sentence and exit code 4; --resume ends with the bytes of a run that nothing has hit', async () => {
      const lost = await program([...argv, '--run-dir', run], { HANDGRAD_CUDA_LIBS, STAND_IN_FAILS_AT: '3000' });
      expect(lost.stderr)
        .to.match(
          /^Error: The GPU failed \(\w+: CUDA_ERROR_LAUNCH_FAILED \(unspecified launch failure\)\): start again, /,
        )
        .and.match(/^[^\n]*\.\n$/);
      expect(lost.code).to.equal(4);
      expect(fs.existsSync(path.join(run, 'model.safetensors'))).to.equal(false);
      expect(fs.readdirSync(path.join(run, 'checkpoints')).length).to.be.above(0);
      const resumed = await program(['train', '--resume', run, '--quiet'], { HANDGRAD_CUDA_LIBS });
      expect(resumed.code, resumed.stderr).to.equal(0);
      const whole = path.join(temporaryFolder(), 'run');
      const unhit = await program([...argv, '--run-dir', whole], { HANDGRAD_CUDA_LIBS });
      expect(unhit.code, unhit.stderr).to.equal(0);
      const [first, second] = [run, whole].map((folder) => fs.readFileSync(path.join(folder, 'model.safetensors')));
      expect(first!.equals(second!)).to.equal(true);
    });

    it('every later call says so, and the process ends by itself', async () => {
      const code = `
        const tf = require('@tensorflow/tfjs-core');
        require('node:v8').setFlagsFromString('--expose-gc');
        require('./src/backends').selectBackend('cuda').then(async () => {
          const { dataIterator } = require('./src');
          const [features, labels] = [new Uint8Array(400), new Int32Array(4)];
          for await (const _ of dataIterator({ features, labels, count: 4, numInputs: 100, scale: 1 }, 4)) void _;
          const said = [];
          for (let i = 0; i < 2000; i++) {
            try { tf.add(tf.ones([5]), 1).dataSync(); } catch (error) { said.push(error.kind, error.message); break; }
          }
          try { tf.ones([100]).dataSync(); } catch (error) { said.push(error.kind, error.message); }
          globalThis.gc ??= require('node:vm').runInNewContext('gc');
          for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
          console.log(JSON.stringify(said));
        });`;
      const { code: exit, stdout, stderr } = await runInChild(code, { HANDGRAD_CUDA_LIBS, STAND_IN_FAILS_AT: '500' });
      expect(exit, stderr).to.equal(0);
      const [kind, message, ...again] = JSON.parse(stdout) as string[];
      expect(kind).to.equal('backend');
      expect(message).to.match(/^The GPU failed \(\w+: CUDA_ERROR_LAUNCH_FAILED/);
      expect(again).to.deep.equal([kind, message]);
    });
  });
});
