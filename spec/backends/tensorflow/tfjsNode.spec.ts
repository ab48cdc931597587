import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { need } from '../../need';
import { addonAbsent, addonFolder, runInChild, selectInChild, temporaryFolder } from '../child';

/** The native backend is not compiled, and `auto` compiles nothing unless it is told to. */
const WITHOUT_NATIVE = { HANDGRAD_NATIVE: temporaryFolder() };

describe('loadTfjsNode', () => {
  it('F61 refuses an addon that is no program, naming it and the remedy', async () => {
    const folder = installFake({ 'tfjs_binding.node': 'this is not a shared library' });
    const answer = await selectInChild('tensorflow', { HANDGRAD_TFJS_NODE: folder });
    expect(answer).to.have.property('kind', 'backend');
    expect(answer)
      .to.have.property('message')
      .that.contains('@tensorflow/tfjs-node does not load: its compiled addon is not for this Node or this machine (')
      .and.contains('npm install @tensorflow/tfjs-node@4.22.0')
      .and.not.contains('\n');
  });

  it('F61 refuses another version of tfjs-node before it runs any of it', async () => {
    const folder = installFake({}, '3.21.1');
    const answer = await selectInChild('tensorflow', { HANDGRAD_TFJS_NODE: folder });
    expect(answer)
      .to.have.property('message')
      .that.contains('it is version 3.21.1, and handgrad needs 4.22.0')
      .and.not.contains('ERR_DLOPEN_FAILED');
  });

  it('F61 auto goes on to wasm over a broken addon, and says that it is broken', async () => {
    const folder = installFake({ 'tfjs_binding.node': '' });
    const answer = await selectInChild('auto', { HANDGRAD_TFJS_NODE: folder, ...WITHOUT_NATIVE });
    if (!('backend' in answer)) throw new Error(answer.message);
    expect(answer.backend.name).to.equal('wasm');
    const ofTensorFlow = answer.backend.rejected.filter(({ name }) => name.startsWith('tensorflow'));
    expect(ofTensorFlow).to.have.length(2);
    for (const { reason } of ofTensorFlow) expect(reason).to.contain('its compiled addon is not for this Node');
  });

  it('keeps TensorFlow from seeing a GPU for tensorflow, and lets it for tensorflow-gpu', async () => {
    const folder = installFake({ 'index.js': "throw new Error('sees ' + process.env.CUDA_VISIBLE_DEVICES);" });
    const env = { HANDGRAD_TFJS_NODE: folder, CUDA_VISIBLE_DEVICES: '3' };
    expect(await selectInChild('tensorflow', env))
      .to.have.property('message')
      .that.contains('sees -1');
    expect(await selectInChild('tensorflow-gpu', env))
      .to.have.property('message')
      .that.contains('sees 3');
  });

  describe('while TensorFlow starts, stderr', () => {
    /** A tfjs-node that writes to stderr, as TensorFlow does below JavaScript, before it ends. */
    const start = (end: string, env: Record<string, string> = {}) => {
      const lines = [
        'first',
        IDLE,
        IDLE_INFO,
        'W0000 00:00:1.2 7 x.cc:1] a warning',
        'caf\u00e9',
        'last, without an end',
      ];
      const said = JSON.stringify(lines.join('\n'));
      const folder = installFake({ 'index.js': `require('node:fs').writeSync(2, ${said}); ${end}` });
      return runInChild(
        "require('./src/backends').selectBackend('tensorflow').catch(({ kind }) => console.error(kind))",
        {
          HANDGRAD_TFJS_NODE: folder,
          TF_CPP_MIN_LOG_LEVEL: undefined,
          ...env,
        },
      );
    };
    const IDLE = 'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR';
    const IDLE_INFO = 'I0000 00:00:1795730585.773975    7247 port.cc:153] oneDNN custom operations are on.';
    const rest = 'first\nW0000 00:00:1.2 7 x.cc:1] a warning\ncafé\nlast, without an end';

    before(function () {
      if (process.platform !== 'linux') this.skip();
    });

    it('has everything but the lines that TensorFlow writes at every start, in their order', async () => {
      expect((await start("throw new Error('no')")).stderr).to.equal(`${rest}backend\n`);
      const whole = (await start("throw new Error('no')", { TF_CPP_MIN_LOG_LEVEL: '0' })).stderr;
      expect(whole, 'asked for').to.contain(`\n${IDLE}\n${IDLE_INFO}\n`);
    });

    it('has the last words of a library that ends the process', async () => {
      const { code, stderr } = await start('process.abort()');
      expect(code).to.equal('SIGABRT');
      expect(stderr).to.contain(rest);
    });
  });

  describe('with a real tfjs-node', function () {
    this.timeout(60_000);
    before(function () {
      need(this, addonAbsent());
    });
    const noGpu = { CUDA_VISIBLE_DEVICES: '-1' };

    it('runs tensorflow, and says which TensorFlow computes', async () => {
      const answer = await selectInChild('tensorflow', {});
      if (!('backend' in answer)) throw new Error(answer.message);
      const { name, device, versions } = answer.backend;
      expect(name).to.equal('tensorflow');
      expect(versions['tensorflow']).to.match(/^\d+\.\d+/);
      expect(device)
        .to.contain(`TensorFlow ${versions['tensorflow']}`)
        .and.to.match(/tfjs-node.* on the processor$/);
    });

    it('F60 refuses tensorflow-gpu when TensorFlow sees no GPU, although its package loads', async () => {
      const answer = await selectInChild('tensorflow-gpu', noGpu);
      expect(answer).to.have.property('kind', 'backend');
      expect(answer)
        .to.have.property('message')
        .that.matches(/finds no GPU that it can use: CUDA_VISIBLE_DEVICES hides them all; unset/);
    });

    it('auto takes tensorflow and says that tensorflow-gpu has no GPU', async () => {
      const answer = await selectInChild('auto', { ...noGpu, ...WITHOUT_NATIVE });
      if (!('backend' in answer)) throw new Error(answer.message);
      expect(answer.backend.name).to.equal('tensorflow');
      const others = answer.backend.rejected.filter(({ name }) => name !== 'cuda' && name !== 'native');
      expect(others).to.have.length(1);
      expect(others[0]).to.have.property('name', 'tensorflow-gpu');
      expect(others[0]!.reason).to.contain('finds no GPU');
    });

    it('F62 runs where util lacks what Node >= 23 took out', async () => {
      const asNode24 = "delete require('node:util').isNullOrUndefined; delete require('node:util').isArray;";
      const answer = await selectInChild('tensorflow', {}, asNode24);
      expect(answer).to.have.nested.property('backend.name', 'tensorflow');
    });

    it('prints nothing of TensorFlow.js, also when cpu and wasm run in the same process', async () => {
      const code = `const { selectBackend } = require('./src/backends');
        (async () => { for (const name of ['wasm', 'tensorflow', 'cpu', 'tensorflow']) await selectBackend(name) })();`;
      const { code: exit, stdout, stderr } = await runInChild(code);
      expect({ exit, stdout }).to.deep.equal({ exit: 0, stdout: '' });
      expect(stderr).to.not.match(/TensorFlow\.js|tfjs|Platform|kernel|backend|Deprecat/);
    });

    it('prints nothing of TensorFlow, also where it computes with oneDNN and says so', async () => {
      const { stderr } = await runInChild("require('./src/backends').selectBackend('tensorflow')", {
        TF_ENABLE_ONEDNN_OPTS: '1',
        TF_CPP_MIN_LOG_LEVEL: undefined,
      });
      expect(stderr).to.equal('');
    });

    it('leaves the sight of the GPU to the processes that this one starts', async () => {
      const code = `require('./src/backends').selectBackend('tensorflow')
        .then(() => console.log(process.env.CUDA_VISIBLE_DEVICES, process.env.TF_FORCE_GPU_ALLOW_GROWTH))`;
      const { stdout } = await runInChild(code, { CUDA_VISIBLE_DEVICES: '3', TF_FORCE_GPU_ALLOW_GROWTH: undefined });
      expect(stdout.trim()).to.equal('3 true');
    });

    it('gives step the numbers of the definition, NaN included', async () => {
      const code = `const tf = require('@tensorflow/tfjs-core');
        require('./src/backends').selectBackend('tensorflow').then(async () => {
          const x = tf.tensor1d([-2, -0, 0, 1e-30, 5, NaN, Infinity, -Infinity]);
          const before = tf.memory().numTensors;
          const results = [tf.step(x), tf.step(x, 0.5), tf.step(tf.tensor1d([-1, 0, 2], 'int32'))];
          console.log(tf.memory().numTensors - before);
          for (const y of results) console.log([...(await y.data())].join());
        })`;
      const { stdout } = await runInChild(code);
      expect(stdout.trim().split('\n')).to.deep.equal(['4', '0,0,0,1,1,NaN,1,0', '0.5,0.5,0.5,1,1,NaN,1,0.5', '0,0,1']);
    });

    it('F61 takes tfjs-node where tfjs-node-gpu is broken, and says so', async () => {
      const folder = installFake({ 'tfjs_binding.node': 'broken' }, '4.22.0', 'tfjs-node-gpu');
      fs.symlinkSync(addonFolder()!, path.join(folder, 'node_modules/@tensorflow/tfjs-node'));
      const answer = await selectInChild('tensorflow', { HANDGRAD_TFJS_NODE: folder });
      if (!('backend' in answer)) throw new Error(answer.message);
      expect(answer.backend.name).to.equal('tensorflow');
      expect(answer.notices).to.have.length(1);
      expect(answer.notices[0]).to.match(
        /^@tensorflow\/tfjs-node-gpu does not load: .+: using TensorFlow .+ instead\.$/,
      );
    });

    it('F61 refuses a real tfjs-node whose addon was never built', async () => {
      const answer = await selectInChild('tensorflow', { HANDGRAD_TFJS_NODE: copyWithoutAddon() });
      expect(answer).to.have.property('kind', 'backend');
      expect(answer).to.have.property('message').that.contains('its compiled addon is missing').and.not.contains('\n');
    });
  });
});

/** A tfjs-node that does nothing but load the addon that stands beside it. */
function installFake(files: Record<string, string>, version = '4.22.0', name = 'tfjs-node'): string {
  const folder = temporaryFolder();
  const installed = path.join(folder, 'node_modules/@tensorflow', name);
  fs.mkdirSync(installed, { recursive: true });
  fs.writeFileSync(path.join(installed, 'package.json'), JSON.stringify({ version, main: 'index.js' }));
  fs.writeFileSync(path.join(installed, 'index.js'), "require('./tfjs_binding.node');");
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(installed, name), content);
  return folder;
}

/**
 * The real tfjs-node of this machine as `npm install --ignore-scripts` leaves it: everything but the compiled addon.
 */
function copyWithoutAddon(): string {
  const real = addonFolder()!;
  const folder = temporaryFolder();
  const scope = path.join(folder, 'node_modules', '@tensorflow');
  fs.mkdirSync(scope, { recursive: true });
  const realModules = path.resolve(real, '../..');
  for (const entry of fs.readdirSync(realModules)) {
    if (entry !== '@tensorflow')
      fs.symlinkSync(path.join(realModules, entry), path.join(folder, 'node_modules', entry));
  }
  for (const entry of fs.readdirSync(path.join(realModules, '@tensorflow'))) {
    if (!entry.startsWith('tfjs-node'))
      fs.symlinkSync(path.join(realModules, '@tensorflow', entry), path.join(scope, entry));
  }
  const copy = path.join(scope, path.basename(real));
  fs.cpSync(path.join(real, 'dist'), path.join(copy, 'dist'), { recursive: true });
  fs.copyFileSync(path.join(real, 'package.json'), path.join(copy, 'package.json'));
  return folder;
}
