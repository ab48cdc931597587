import { expect } from 'chai';
import { cpus } from 'node:os';
import { PassThrough } from 'node:stream';
import { type Contender, ownName } from '../../bench/measure/contenders';
import { processorName } from '../../bench/measure/machine';
import { PEERS } from '../../bench/measure/peers';
import { draw } from '../../bench/measure/picture';
import { ratio, summarize, versionText } from '../../bench/measure/result';
import { resultTable } from '../../bench/measure/resultTable';
import { runRound } from '../../bench/measure/rounds';
import { timedRun } from '../../bench/measure/timedRun';
import { gflopOf, productsOf, WORKS } from '../../bench/measure/work';
import { run } from '../../cli/run';
import { benchResult, NATIVE } from './fixture';

describe('bench', () => {
  const signal = new AbortController().signal;
  const [post] = benchResult.works;

  it('counts the products of an epoch as one does by hand', () => {
    // Forward and dW of the first layer, forward, dW and dX of the second; forward again over the test set.
    const first = 2 * 784 * 256 * (2 * 60_000 + 10_000);
    const second = 2 * 256 * 10 * (3 * 60_000 + 10_000);
    expect(gflopOf(WORKS.post)).to.be.closeTo((first + second) / 1e9, 1e-9);
    expect(productsOf(WORKS.deep)).to.have.length(8);
    expect(productsOf(WORKS.deep)[1]).to.deep.equal({ m: 784, k: 512, n: 1024, times: 60_000 / 512 });
  });

  it('takes medians over the rounds, ratios within them, and leaves nobody out who ran once', () => {
    const { rows } = post!;
    expect(rows.map(({ secondsPerEpoch }) => secondsPerEpoch)).to.deep.equal([3, 4, 6, 40]);
    expect(rows[0]!.range).to.deep.equal([2, 9]);
    expect(rows[0]!.peakRssBytes).to.equal(9e8);
    expect(rows[0]!.productShare).to.be.closeTo(2 / 3, 1e-12);
    expect(ratio(post!, NATIVE, PEERS.eager)).to.equal(0.75);
    expect(ratio(post!, NATIVE, ownName('cpu'))).to.equal(2 / 40);
    expect(ratio(post!, NATIVE, 'nobody')).to.equal(undefined);
    // 1 / 0.9, 8 / 4 and 2 / 2.4.
    expect(ratio(post!, NATIVE, PEERS.eager, ({ productSeconds }) => productSeconds)).to.be.closeTo(1 / 0.9, 1e-12);
  });

  it('prints a row for each, the fastest first, with its version, and says what is not like the others', () => {
    const lines = resultTable(post!).split('\n');
    const cells = lines.slice(2, 6).map((line) => line.split(/ {2,}/).slice(0, 2));
    expect(cells).to.deep.equal([
      [NATIVE, 'handgrad 0.1.0'],
      [PEERS.eager, 'torch 2.13.0'],
      [PEERS.jax, 'jax 0.10.2'],
      ['handgrad, cpu *', 'torch 2.13.0'],
    ]);
    expect(lines.slice(6)).to.deep.equal([
      '* timed once, training on 512 samples, and extrapolated',
      'Compiling, without a cache: JAX jit 1.3 s',
      'Without torch.compile: there is no C++ compiler',
    ]);
  });

  it('names of a backend what it is made of, and of a peer the library that computes', () => {
    const versions = { handgrad: '0.1.0', node: '20.20.2', 'tfjs-core': '4.22.0', tensorflow: '2.21.0' };
    const row = post!.rows[0]!;
    expect(versionText({ ...row, backend: 'tensorflow', about: { versions } })).to.equal('tensorflow 2.21.0');
    const peer = { 'scikit-learn': '1.9.1', numpy: '2.4.6' };
    expect(versionText({ ...row, backend: undefined, about: { versions: peer } })).to.equal('scikit-learn 1.9.1');
    expect(versionText({ ...row, backend: undefined, about: {} })).to.equal('');
  });

  it('draws all works in one picture, with the machine, the versions and everybody', async () => {
    const { svg, png } = await draw(benchResult);
    for (const { name } of post!.rows) expect(svg).to.contain(name);
    expect(svg).to.contain('post: 784-256-10').and.contain('deep: 784-1024-1024-10');
    expect(svg).to.contain('Abacus, AVX2, 2 processors').and.contain('jax 0.10.2').and.contain('2026-11-26');
    expect(svg).to.contain('1.33 × native');
    expect(png.subarray(1, 4).toString()).to.equal('PNG');
    expect(png.length).to.be.above(20_000);
    // The bar of 40 s would leave those of 3 to 6 s a tenth of the width: it is cut, and as long as that of 6 s.
    expect(svg).to.contain('40 s').and.to.contain('A bar with a gap is longer than drawn. * timed');
    const lengthOf = (name: string) => Number(new RegExp(`h([\\d.]+)v[^>]*><title>[^<]*name: ${name};`).exec(svg)?.[1]);
    expect(lengthOf(PEERS.jax))
      .to.be.closeTo(2 * lengthOf(NATIVE), 1e-6)
      .and.above(0);
    expect(lengthOf('handgrad, cpu \\*')).to.equal(lengthOf(PEERS.jax));
  }).timeout(20_000);

  const printing = (...lines: readonly object[]) => ({
    file: process.execPath,
    args: [
      '-e',
      'for (const line of process.argv.slice(1)) console.log(line)',
      ...lines.map((line) => JSON.stringify(line)),
    ],
  });

  it('reads of a run who computed, and its epochs', async () => {
    const start = { type: 'start', versions: { jax: '0.10.2' }, device: 'cpu', threads: 2, compileSeconds: 1.5 };
    const epochs = [0.5, 0.25].map((seconds, i) => ({ type: 'epoch', epoch: i + 1, seconds }));
    const { about, seconds } = await timedRun(printing({ ...start, config: {} }, ...epochs, { type: 'end' }), signal);
    expect(about).to.deep.equal({ versions: { jax: '0.10.2' }, device: 'cpu', threads: 2, compileSeconds: 1.5 });
    expect(seconds).to.deep.equal([0.5, 0.25]);
  });

  it('takes out of the environment what a program is not to see', async () => {
    process.env['OMP_NUM_THREADS_OF_THE_SPEC'] = '1';
    try {
      const script =
        'console.log(JSON.stringify({ epoch: 1, seconds: "OMP_NUM_THREADS_OF_THE_SPEC" in process.env ? 1 : 2 }))';
      const env = { OMP_NUM_THREADS_OF_THE_SPEC: undefined };
      const { seconds } = await timedRun({ file: process.execPath, args: ['-e', script], env }, signal);
      expect(seconds).to.deep.equal([2]);
    } finally {
      delete process.env['OMP_NUM_THREADS_OF_THE_SPEC'];
    }
  });

  it('goes on without one that breaks down, and says why it is not there', async () => {
    const about = {};
    const fine: Contender = { name: 'fine', about, program: () => printing({ epoch: 1, seconds: 0.5 }) };
    const broken: Contender = {
      ...{ name: 'broken', about },
      program: () => ({ file: process.execPath, args: ['-e', 'console.error("out of luck"); process.exit(4)'] }),
    };
    const how = { data: '', epochs: 1, onContender: () => {} };
    const round = await runRound(1, [broken, fine], WORKS.post, how, signal);
    expect(round.measured.map(({ name }) => name)).to.deep.equal(['fine']);
    expect(round.failed).to.deep.equal([{ name: 'broken', reason: 'it failed in round 1: out of luck' }]);
    expect(summarize(WORKS.post, [broken, fine], [round], []).rows.map(({ name }) => name)).to.deep.equal(['fine']);
  });

  it("says a processor's widest vectors with its name", () => {
    expect(processorName('AMD EPYC', ['avx', 'avx2', 'avx512f'])).to.equal('AMD EPYC, AVX-512');
    expect(processorName('Abacus', ['avx', 'avx2'])).to.equal('Abacus, AVX2');
    expect(processorName(cpus()[0]!.model, [])).to.equal(cpus()[0]!.model);
  });

  it('refuses a work, a backend and a number that it does not know, naming what it does', async () => {
    for (const [flag, value, says] of [
      ['--work', 'depe', 'deep'],
      ['--backends', 'wasm,wsam', 'wasm'],
      ['--rounds', '0', '1 to 1000'],
    ] as const) {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const code = await run(['bench', flag, value], { stdout, stderr, env: {}, signal });
      expect(code).to.equal(2);
      expect(String(stderr.read())).to.contain(flag).and.contain(says);
    }
  }).timeout(20_000);
});
