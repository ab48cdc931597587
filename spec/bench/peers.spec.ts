import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PEERS, peerContenders, peersFolder } from '../../bench/measure/peers';
import { WORKS } from '../../bench/measure/work';
import { idxBytes } from '../data/tinyDataset';
import { askPython, PYTHON, pythonLacks } from '../model/python';
import { need } from '../need';
import { smallDataset } from '../smallDataset';

describe('peers of the bench', () => {
  const folder = peersFolder()!;
  let data: string;

  before(() => {
    data = mkdtempSync(join(tmpdir(), 'handgrad-peers-'));
    for (const [part, count, seed] of [
      ['train', 600, 1],
      ['t10k', 100, 2],
    ] as const) {
      const { features, labels } = smallDataset(count, 784, 10, seed);
      const images = idxBytes([count, 28, 28], features as Uint8Array);
      // Peers read either form.
      writeFileSync(join(data, `${part}-images-idx3-ubyte.gz`), gzipSync(images));
      writeFileSync(join(data, `${part}-labels-idx1-ubyte`), idxBytes([count], Uint8Array.from(labels)));
    }
  });
  after(() => rmSync(data, { recursive: true, force: true }));

  /** Runs a peer's program. On one thread: on a machine that is busy, several wait for each other. */
  function start(file: string, flags: readonly string[], env: Record<string, string> = {}) {
    const args = [join(folder, file), ...flags];
    return spawnSync(PYTHON, args, { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1', ...env } });
  }

  function linesOf(file: string, ...flags: readonly string[]): Record<string, unknown>[] {
    const { status, stdout, stderr } = start(file, [...flags, '--json']);
    expect(status, stderr).to.equal(0);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  // Not with --compile: it is the same program, and compiling takes most of a minute on a busy machine.
  const TRAINERS = [
    { file: 'post_in_memory.py', modules: ['torch'], library: 'torch' },
    { file: 'post_jax.py', modules: ['jax'], library: 'jax' },
    { file: 'post_sklearn.py', modules: ['sklearn', 'threadpoolctl'], library: 'scikit-learn' },
  ];

  for (const { file, modules, library } of TRAINERS) {
    it(`${file} learns, and says with which version, on what, and how long each epoch took`, function () {
      need(this, pythonLacks(...modules));
      const size = ['--data', data, '--batch-size', '50', '--hidden', '32', '--epochs', '12'];
      const [about, ...rest] = linesOf(file, ...size);
      const [end, epochs] = [rest.pop()!, rest];
      const version = askPython(`import json, importlib.metadata as m; print(json.dumps(m.version("${library}")))`);
      expect(about).to.include({ type: 'start', device: 'cpu' });
      expect((about!['versions'] as Record<string, string>)[library]).to.equal(version);
      expect(about!['threads']).to.be.at.least(1);
      expect(about!['processor']).to.be.a('string').and.not.equal('');
      expect('compileSeconds' in about!).to.equal(file === 'post_jax.py');
      expect(epochs.map(({ epoch }) => epoch)).to.deep.equal(Array.from({ length: 12 }, (_, i) => i + 1));
      for (const { seconds } of epochs) expect(seconds).to.be.above(0);
      // Compiling is over before the first epoch: it is as long as the others, not many times as long.
      const times = epochs.map(({ seconds }) => seconds as number);
      expect(times[0]).to.be.below(20 * Math.max(...times.slice(1)));
      expect(epochs.at(-1)!['testAccuracy']).to.be.above(0.9);
      expect(end['type']).to.equal('end');
      expect(end['peakRssBytes']).to.be.above(5e7);
    }).timeout(300_000);

    it(`${file} trains networks of several hidden layers`, function () {
      need(this, pythonLacks(...modules));
      const size = ['--data', data, '--batch-size', '256', '--hidden', '12,8', '--epochs', '1'];
      const [, epoch] = linesOf(file, ...size);
      // What a network says that knows nothing yet: log 10.
      expect(epoch!['loss']).to.be.closeTo(Math.log(10), 0.4);
    }).timeout(300_000);
  }

  it('computes the same losses and gradients in PyTorch and JAX', function () {
    need(this, pythonLacks('torch', 'jax', 'numpy'));
    const worst = askPython(
      `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); sys.dont_write_bytecode = True
import json, numpy, torch, deep, jax, post_jax
r = numpy.random.default_rng(0)
widths = [784, 24, 16, 10]
values = [(r.normal(0, 0.1, (i, o)).astype("f"), r.normal(0, 0.1, o).astype("f")) for i, o in zip(widths, widths[1:])]
X, y = r.random((32, 784), dtype="f"), r.integers(0, 10, 32)
params = [tuple(torch.tensor(v, requires_grad=True) for v in layer) for layer in values]
l = deep.loss(torch.tensor(X), torch.tensor(y), params)
l.backward()
other = deep.resident_loss(torch.tensor(X), torch.tensor(y), params)
jl, grads = jax.value_and_grad(post_jax.loss)(values, X, y)
pairs = [(l.item(), jl), (l.item(), other.item())]
pairs += [(p.grad.numpy(), g) for layer, jlayer in zip(params, grads) for p, g in zip(layer, jlayer)]
print(json.dumps(max(float(numpy.abs(a - numpy.asarray(b)).max() / numpy.abs(a).max()) for a, b in pairs)))`,
    );
    expect(worst).to.be.below(1e-5);
  }).timeout(120_000);

  it('times torch.mm on every shape that it is asked for, in their order', function () {
    need(this, pythonLacks('torch'));
    const [about, ...times] = linesOf('products.py', '--shapes', '8x16x4,256x784x256');
    expect(about).to.include({ type: 'start', device: 'cpu' });
    expect(times.map(({ m, k, n }) => [m, k, n])).to.deep.equal([
      [8, 16, 4],
      [256, 784, 256],
    ]);
    const [small, large] = times.map(({ seconds }) => seconds as number);
    expect(small).to.be.above(0).and.below(large!);
  }).timeout(60_000);

  it('reports a library that is missing, a GPU that is missing, and data that is missing', function () {
    need(this, pythonLacks('torch'));
    const broken = join(data, 'broken');
    mkdirSync(join(broken, 'torch'), { recursive: true });
    writeFileSync(join(broken, 'torch', '__init__.py'), 'raise ImportError("half of it is gone")\n');
    const without = start('post_in_memory.py', ['--data', data], { PYTHONPATH: broken });
    expect(without.status).to.equal(4);
    expect(without.stderr).to.match(/^The PyTorch peer cannot run here \(half of it is gone\): .*requirements\.txt\n$/);

    const empty = start('post_in_memory.py', ['--data', broken]);
    expect(empty.status).to.equal(3);
    expect(empty.stderr).to.contain('train-labels-idx1-ubyte').and.contain('handgrad download');

    const { status, stderr } = start('post_in_memory.py', ['--device', 'cuda', '--data', data]);
    if (status === 0) return; // there is a GPU
    expect(status).to.equal(4);
    expect(stderr).to.contain('it sees no GPU');
  }).timeout(120_000);

  it('names each that cannot run, and why, and times the others', async () => {
    const settings = { folder, python: join(data, 'no-python'), data, tfjsNode: undefined, gpu: true, scratch: data };
    const { present, absent } = await peerContenders(WORKS.post, settings, new AbortController().signal);
    expect(present.map(({ name }) => name)).to.deep.equal([PEERS.layersWasm]);
    expect(present[0]!.about.versions).to.deep.equal({ tfjs: '4.22.0' });
    const python = Object.values(PEERS).filter((name) => !name.startsWith('tfjs'));
    expect(absent.map(({ name }) => name)).to.have.members(python);
    for (const { reason } of absent) expect(reason).to.equal(`There is no program "${settings.python}".`);
  }).timeout(60_000);
});
