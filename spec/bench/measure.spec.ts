import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { draw } from '../../bench/measure/picture';
import { ratio, summarize } from '../../bench/measure/result';
import { resultTable } from '../../bench/measure/resultTable';
import type { Round } from '../../bench/measure/rounds';
import { gflopOf, productsOf, WORKS } from '../../bench/measure/work';
import { run } from '../../cli/run';

describe('bench', () => {
  it('counts the products of an epoch as one does by hand', () => {
    // Forward and dW of the first layer, forward, dW and dX of the second; forward again over the test set.
    const first = 2 * 784 * 256 * (2 * 60_000 + 10_000);
    const second = 2 * 256 * 10 * (3 * 60_000 + 10_000);
    expect(gflopOf(WORKS.post)).to.be.closeTo((first + second) / 1e9, 1e-9);
    expect(productsOf(WORKS.deep)).to.have.length(8);
    expect(productsOf(WORKS.deep)[1]).to.deep.equal({ m: 784, k: 512, n: 1024, times: 60_000 / 512 });
  });

  const measured = (name: string, secondsPerEpoch: number, productSeconds?: number) => ({
    name,
    secondsPerEpoch,
    secondsToFirstStep: 1,
    peakRssBytes: 2e8 + secondsPerEpoch,
    productSeconds,
  });
  const rounds: Round[] = [
    { busyBefore: 0, measured: [measured('ours', 2, 1), measured('theirs', 4), measured('slow', 30)] },
    { busyBefore: 0.5, measured: [measured('ours', 9, 8), measured('theirs', 10)] },
    { busyBefore: 0, measured: [measured('ours', 3, 2), measured('theirs', 4)] },
  ];
  const contenders = ['ours', 'theirs', 'slow'].map((name) => ({
    name,
    ...(name === 'ours' ? { backend: 'wasm' as const } : {}),
    ...(name === 'slow' ? { samples: 512 } : {}),
    program: () => ({ file: '', args: [] }),
  }));
  const result = summarize(WORKS.post, contenders, rounds, [{ name: 'other', reason: 'not here' }]);

  it('takes medians over the rounds, ratios within them, and leaves nobody out who ran once', () => {
    expect(result.rows.map(({ secondsPerEpoch }) => secondsPerEpoch)).to.deep.equal([3, 4, 30]);
    expect(result.rows[0]!.range).to.deep.equal([2, 9]);
    expect(result.rows[0]!.peakRssBytes).to.equal(2e8 + 9);
    expect(result.rows[0]!.productShare).to.be.closeTo(2 / 3, 1e-12);
    expect(ratio(result, 'ours', 'theirs')).to.equal(0.75);
    expect(ratio(result, 'ours', 'slow')).to.be.closeTo(2 / 30, 1e-12);
    expect(ratio(result, 'ours', 'nobody')).to.equal(undefined);
  });

  it('prints a row for each, the fastest first, and says which was not timed in full', () => {
    const lines = resultTable(result).split('\n');
    expect(lines.slice(2, 5).map((line) => line.split(/ {2,}/)[0])).to.deep.equal(['ours', 'theirs', 'slow *']);
    expect(lines.at(-1)).to.contain('512 samples');
  });

  it('draws them all, in a picture that is one', async () => {
    const { svg, png } = await draw(result);
    for (const text of ['ours', 'theirs', 'slow *', '784-256-10']) expect(svg).to.contain(text);
    expect(png.subarray(1, 4).toString()).to.equal('PNG');
    expect(png.length).to.be.above(5000);
    // The bar of 30 s would leave those of 3 and 4 s a tenth of the width: it is cut, and the axis ends with theirs.
    expect(svg).to.contain('30 …').and.to.contain('the bar is cut').and.to.contain('>4.0<').and.not.to.contain('>5.0<');
  }).timeout(20_000);

  it('refuses a work, a backend and a number that it does not know, naming what it does', async () => {
    for (const [flag, value, says] of [
      ['--work', 'depe', 'deep'],
      ['--backends', 'wasm,wsam', 'wasm'],
      ['--rounds', '0', '1 to 1000'],
    ] as const) {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const code = await run(['bench', flag, value], { stdout, stderr, env: {}, signal: new AbortController().signal });
      expect(code).to.equal(2);
      expect(String(stderr.read())).to.contain(flag).and.contain(says);
    }
  }).timeout(20_000);
});
