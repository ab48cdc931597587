import { expect } from 'chai';
import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRun, type MetricsPlace, readNewMetrics, readRun } from '../../src/runs/readRun';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';

const epoch = (number: number) => ({
  ...{
    type: 'epoch',
    epoch: number,
    step: 6 * number,
    loss: 0.5,
    lastBatchLoss: 0.4,
    testLoss: 0.6,
    testAccuracy: 0.7,
  },
  ...{ seconds: 1, trainSeconds: 0.9, samplesPerSecond: 100 },
});
const end = { type: 'end', epochs: 2, testLoss: 0.6, testAccuracy: 0.7, seconds: 2, runDir: 'runs/a' };

const log = (step: number) => ({ type: 'log', epoch: 1, step, loss: 0.6, lr: 0.1, gradientNorm: 2 });

describe('readRun', () => {
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);
  const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  beforeEach(() => {
    writeFileSync(path('config.json'), '{"dataset":"mnist","epochs":2}');
    writeFileSync(path('metrics.jsonl'), lines(epoch(1), epoch(2), end));
  });

  it('gives config, epochs and end, and where each epoch ends in the file', async () => {
    writeFileSync(path('model.safetensors'), '');
    const run = await readRun(folder());
    expect(run).to.deep.include({ dir: folder(), config: { dataset: 'mnist', epochs: 2 }, end, hasModel: true });
    expect(run.epochs).to.deep.equal([epoch(1), epoch(2)]);
    expect(run.environment).to.equal(undefined);
    const text = readFileSync(path('metrics.jsonl'), 'utf8');
    expect(run.epochEnds.map((bytes) => text.slice(0, bytes))).to.deep.equal([
      lines(epoch(1)),
      lines(epoch(1), epoch(2)),
    ]);
  });

  it('gives the figures of regression', async () => {
    const without = (row: object) => Object.fromEntries(Object.entries(row).filter(([key]) => key !== 'testAccuracy'));
    const row = { ...without(epoch(1)), testRmse: 12.5, testMae: 9, testR2: null, valRmse: 1, valMae: 2, valR2: 0.5 };
    const last = { ...without(end), testRmse: 12.5, testMae: 9, testR2: 0.5 };
    writeFileSync(path('metrics.jsonl'), lines(row, last));
    const run = await readRun(folder());
    expect(run.epochs).to.deep.equal([{ ...row, testR2: NaN }]);
    expect(run.end).to.deep.equal(last);
  });

  it('leaves out a last line that is being written, and knows no end before it is the last line', async () => {
    truncateSync(path('metrics.jsonl'), readFileSync(path('metrics.jsonl')).length - 1);
    expect(await readRun(folder())).to.deep.include({ end: undefined, hasModel: false });
    writeFileSync(path('metrics.jsonl'), lines(end, epoch(3)));
    expect((await readRun(folder())).end).to.equal(undefined);
    rmSync(path('metrics.jsonl'));
    expect((await readRun(folder())).epochs).to.deep.equal([]);
  });

  it('reads null as a number that was not finite', async () => {
    writeFileSync(path('metrics.jsonl'), lines({ ...epoch(1), testLoss: null }));
    expect((await readRun(folder())).epochs[0]!.testLoss).to.be.NaN;
  });

  it('refuses whatever else stands in a line, naming it', async () => {
    for (const row of [
      { ...epoch(2), epoch: { html: '<meta>' } },
      { ...epoch(2), loss: '0.5' },
      { ...epoch(2), step: -1 },
      { type: 'other' },
      null,
      7,
    ]) {
      writeFileSync(path('metrics.jsonl'), lines(epoch(1), row, end));
      expect(await failure('model', () => readRun(folder()))).to.match(/metrics\.jsonl, line 2, is not valid/);
    }
    writeFileSync(path('metrics.jsonl'), lines(epoch(1)));
    appendFileSync(path('metrics.jsonl'), '{"type":\n');
    expect(await failure('model', () => readRun(folder()))).to.match(/metrics\.jsonl, line 2, is not JSON; restore/);
  });

  it('refuses a config that is none; a folder without one is no run', async () => {
    for (const text of ['', '[]', '{', '"text"']) {
      writeFileSync(path('config.json'), text);
      expect(await failure('model', () => readRun(folder()))).to.match(/config\.json is not/);
    }
    rmSync(path('config.json'));
    expect(await findRun(folder())).to.equal(undefined);
    expect(await failure('model', () => readRun(folder()))).to.match(/is not a run folder: it has no config\.json/);
  });
});

describe('readNewMetrics', () => {
  const folder = temporaryFolder();
  const file = () => join(folder(), 'metrics.jsonl');
  const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

  it('gives each row once, as soon as its line is complete', async () => {
    expect(await readNewMetrics(folder())).to.deep.include({ epochs: [], logs: [], more: false });
    const [first, second] = [lines(log(1), epoch(1)), lines(epoch(2))];
    writeFileSync(file(), first + second.slice(0, 20));
    const one = await readNewMetrics(folder());
    expect(one).to.deep.include({ epochs: [epoch(1)], logs: [log(1)], fromStart: true, more: false });
    expect(one.place.bytes).to.equal(first.length);
    expect(await readNewMetrics(folder(), one.place)).to.deep.include({ epochs: [], logs: [], fromStart: false });
    appendFileSync(file(), second.slice(20));
    const two = await readNewMetrics(folder(), one.place);
    expect(two).to.deep.include({ epochs: [epoch(2)], logs: [], fromStart: false });
    expect(two.place.bytes).to.equal(first.length + second.length);
  });

  it('begins again with a file that a resumed run has put in its place', async () => {
    writeFileSync(file(), lines(epoch(1), epoch(2)));
    const { place } = await readNewMetrics(folder());
    writeFileSync(`${file()}.new`, lines(epoch(1), epoch(2), epoch(3)));
    renameSync(`${file()}.new`, file());
    const again = await readNewMetrics(folder(), place);
    expect(again.fromStart).to.be.true;
    expect(again.epochs).to.have.length(3);
    truncateSync(file(), lines(epoch(1)).length);
    expect((await readNewMetrics(folder(), again.place)).epochs).to.deep.equal([epoch(1)]);
  });

  it('reads a long file in pieces', async () => {
    const rows = 60_000;
    writeFileSync(file(), lines(log(1)).repeat(rows));
    let [read, pieces] = [0, 0];
    for (let place: MetricsPlace | undefined, more = true; more; pieces++) {
      const found = await readNewMetrics(folder(), place);
      read += found.logs.length;
      ({ place, more } = found);
    }
    expect(read).to.equal(rows);
    expect(pieces).to.be.above(1);
  });
});
