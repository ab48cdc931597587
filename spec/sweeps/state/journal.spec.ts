import { expect } from 'chai';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, JOURNAL, openJournal, readJournal } from '../../../src/sweeps/state/journal';
import { failure } from '../../failure';
import { temporaryFolder } from '../../data/tinyDataset';
import { resultOf, specOf } from '../spec/specOf';

describe('the journal', () => {
  const folder = temporaryFolder();
  const spec = specOf({ method: 'grid', parameters: { lr: { values: [0.1, 0.2] } } });
  const entries: Entry[] = [
    { type: 'sweep', version: 1, id: 'a'.repeat(16), spec },
    { type: 'trial', trial: 0, configuration: { lr: 0.1 } },
    { type: 'start', trial: 0, seed: 0, rung: 0 },
    resultOf({ trial: 0, seed: 0, rung: 0 }, 0.5),
    { type: 'failure', trial: 0, seed: 0, rung: 0, reason: 'é', code: 'SIGKILL', retry: true },
  ];
  const write = async (dir: string, all = entries) => {
    const journal = await openJournal(dir, 0);
    await Promise.all(all.map((entry) => journal.append(entry)));
    await journal.close();
    return join(dir, JOURNAL);
  };

  it('gives back what was written, in order', async () => {
    await write(folder());
    expect((await readJournal(folder())).entries).to.deep.equal(JSON.parse(JSON.stringify(entries)));
  });

  it('F80 a last line torn at any byte is ignored, and cut off before anything follows it', async () => {
    const path = await write(folder());
    const whole = readFileSync(path);
    const last = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let bytes = last; bytes < whole.length; bytes++) {
      writeFileSync(path, whole.subarray(0, bytes));
      const found = await readJournal(folder());
      expect(found.entries, `cut at ${bytes}`).to.have.length(4);
      const journal = await openJournal(folder(), found.bytes);
      await journal.append(entries[4]!);
      await journal.close();
      expect(readFileSync(path).equals(whole), `cut at ${bytes}`).to.be.true;
    }
  });

  it('F100 an entry that is JSON, and wrong inside, is an error that names its line', async () => {
    const first = { type: 'sweep', version: 1, id: 'a'.repeat(16), spec };
    const wrong: object[][] = [
      ...[{ metric: 'x' }, { method: 'no' }, { parameters: { lr: { distribution: 'uniform', min: 0 } } }].map((one) => [
        { ...first, spec: { ...spec, ...one } },
      ]),
      ...[{ halving: { eta: 1, rungs: [1, 2] } }, { halving: {} }, { seeds: 0 }, { fixed: { a: { b: 1 } } }].map(
        (one) => [{ ...first, spec: { ...spec, ...one } }],
      ),
      [{ ...first, id: '../x' }],
      [first, first],
      [{ type: 'start', trial: 0, seed: 0, rung: 0 }],
      [first, { type: 'trial', trial: 2_000_000_000, configuration: { lr: 0.1 } }],
      [first, { type: 'trial', trial: 1, configuration: { lr: 0.1 } }],
      [first, { type: 'trial', trial: 0, configuration: {} }],
      [first, { type: 'trial', trial: 0, configuration: { lr: { valueOf: 1 } } }],
      [first, { type: 'trial', trial: 0, configuration: JSON.parse('{"__proto__": 1}') as object }],
      ...[
        { type: 'start', trial: 1, seed: 0, rung: 0 },
        { type: 'start', trial: 0, seed: 1, rung: 0 },
        { type: 'failure', trial: 0, seed: 0, rung: 1, reason: '', retry: false },
        { type: 'promotion', trial: 0, rung: 1 },
        { type: 'told', trial: 1 },
      ].map((entry) => [first, entries[1]!, entry]),
    ];
    for (const lines of wrong) {
      writeFileSync(join(folder(), JOURNAL), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      expect(await failure('model', () => readJournal(folder())), JSON.stringify(lines)).to.match(
        new RegExp(`journal is damaged .*line ${lines.length}: `),
      );
    }
  });

  it('F80 a line torn in the middle is an error that names it', async () => {
    const path = await write(folder());
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const torn of [
      lines[2]!.slice(0, -3),
      '',
      '{"type":"result","trial":0,"seed":0,"rung":0}',
      '{"type":"start","trial":-1,"seed":0,"rung":0}',
      '{"type":"unheard"}',
    ]) {
      writeFileSync(path, [...lines.slice(0, 2), torn, ...lines.slice(3)].join('\n'));
      expect(await failure('model', () => readJournal(folder()))).to.match(/journal is damaged .*line 3/);
    }
  });

  it('a folder without one is no sweep', async () => {
    expect(await failure('usage', () => readJournal(folder()))).to.match(/not the folder of a sweep/);
    const path = await write(folder());
    truncateSync(path, 0);
    expect(await readJournal(folder())).to.deep.equal({ entries: [], bytes: 0 });
    appendFileSync(path, '{"type":"told","trial":0}\n');
    expect(await failure('model', () => readJournal(folder()))).to.match(/line 1/);
  });
});
