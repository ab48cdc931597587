import { expect } from 'chai';
import { PEERS } from '../../bench/measure/peers';
import { checkTargets, type Measurements, verdict } from '../../bench/targets';
import { reportText } from '../../bench/report';
import { fillTables } from '../../bench/markdown';
import { benchResult, NATIVE } from './fixture';

describe('targets of the bench', () => {
  const starts = [{ what: 'train --help', typed: [1.5, 4, 0.9], compiled: [1, 2, 1] }];
  const fresh = { auto: [6, 5, 9], wasm: [10, 11, 12], backend: 'native' };
  const kernels = [
    { kernel: 'relu', calls: 1, micros: 4 },
    { kernel: 'product 256x784x256', calls: 1, micros: 300 },
    { kernel: 'add', calls: 2.5, micros: 3 },
  ];
  const profile = { backend: 'native', device: 'Abacus', step: 500, javaScript: 150, kernels };
  const profiles = [{ work: 'post' as const, profile }];
  const measurements: Measurements = { ...benchResult, starts, fresh, profiles };
  const find = (what: string, from = measurements) => checkTargets(from).find((target) => target.what === what)!;

  it('holds ratios, shares and rates against what is asked', () => {
    const against = find('native against PyTorch eager in memory');
    expect(against).to.deep.equal({
      ...{ what: 'native against PyTorch eager in memory', kind: 'at most', bound: 0.7, aim: 0.55 },
      ...{ figure: 0.75, outcome: 'missed' },
    });
    expect(verdict(against)).to.deep.equal(['0.750', 'at most 0.7 (aim 0.55)', 'MISSED']);
    expect(find('native against PyTorch eager in memory, deep work').figure).to.equal(0.7);
    const share = find('native, share of the epoch that products take at its own rate');
    expect(share.figure).to.be.closeTo(2 / 3, 1e-12);
    expect(share.outcome).to.equal('met');
    // A rate is the inverse of a time: torch.mm takes 0.9 of native's.
    expect(find("native, rate of its products against torch.mm's").figure).to.be.closeTo(0.9, 1e-12);
    expect(find('native against PyTorch eager in memory, peak memory').figure).to.be.closeTo(0.9, 1e-12);
    expect(find('native, compiled program, seconds to the first step').outcome).to.equal('met');
    expect(find("npm run train after npm ci, compiling included, against wasm's").figure).to.equal(0.6);
    expect(find('train --help typed in a checkout, against the compiled program').figure).to.equal(1.5);
  });

  it('says of every figure that is missing why it is', () => {
    const compiled = find('native against torch.compile');
    expect(compiled.outcome).to.equal('not measured');
    expect(compiled.why).to.equal(`${PEERS.compiled}: there is no C++ compiler`);
    const onlyPost = { ...measurements, works: measurements.works.slice(0, 1) };
    expect(find('native against PyTorch eager in memory, deep work', onlyPost).why).to.contain(
      'deep work was left out',
    );
    const wasm = { ...measurements, fresh: { ...fresh, backend: 'wasm', why: 'auto took wasm; no compiler' } };
    expect(find("npm run train after npm ci, compiling included, against wasm's", wasm)).to.include({
      outcome: 'not measured',
      why: 'auto took wasm; no compiler',
    });
  });

  it('does not ask for a GPU where there is none', () => {
    expect(find('cuda against torch.compile on the same GPU').outcome).to.equal('no GPU here');
    const [post] = benchResult.works;
    const cuda = { ...post!.rows[0]!, name: 'handgrad, cuda', backend: 'cuda' };
    const works = [{ ...post!, rows: [...post!.rows, cuda] }];
    expect(find('cuda against torch.compile on the same GPU', { ...measurements, works }).outcome).to.equal(
      'not measured',
    );
  });

  it('reports all of it as text, with the processor, the versions and the reasons', () => {
    const text = reportText(measurements, checkTargets(measurements));
    expect(text).to.match(/^Abacus, AVX2, 2 processors, 8 GiB, Linux x64, Node 20\.20\.2; 2026-11-26\n/);
    expect(text).to.contain('Other processes took 0 to 2% of the machine');
    expect(text).to.contain('torch 2.13.0').and.contain('jax 0.10.2');
    expect(text).to.contain('native compiled on the way: 6.0 s; on wasm: 11.0 s');
    expect(text).to.contain(`Not measured: native against torch.compile (${PEERS.compiled}: there is no C++ compiler)`);
  });

  const page = (name: string) => `Before.\n\n<!-- bench ${name} -->\nold\n<!-- /bench -->\n\nAfter.\n`;
  const filled = (name: string) => fillTables(page(name), measurements, checkTargets(measurements));

  it('fills the marked places of a page and touches nothing else', () => {
    const text = filled('post');
    expect(text)
      .to.match(/^Before\.\n\n<!-- bench post -->\n\n\| /)
      .and.to.match(/\n\n<!-- \/bench -->\n\nAfter\.\n$/);
    expect(text).not.to.contain('old');
    const row = text.split('\n').find((line) => line.includes(NATIVE))!;
    expect(
      row
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, 5),
    ).to.deep.equal([`**${NATIVE}**`, 'handgrad 0.1.0', '3.00', '1.00']);
    expect(fillTables(text, measurements, checkTargets(measurements))).to.equal(text);
    for (const name of ['machine', 'picture', 'deep', 'starts', 'profile', 'targets'])
      expect(filled(name)).not.to.contain('old');
  });

  it('refuses a place that it has nothing for', () => {
    expect(() => filled('constructor')).to.throw('The page asks for "constructor"');
  });
});
