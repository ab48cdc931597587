import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filterRuns, settingsInShort, sortRuns } from '../../src/collection/chooseRuns';
import { listRuns, openCollection } from '../../src/collection/listRuns';
import { lockFolder } from '../../src/files/lock';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { endRow, epochRow, regressionRow, rowsText, writeRun, writeSweep } from './folders';

describe('listRuns', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder(), name);
  const write = () => {
    const rows = [epochRow(1, 0.6), epochRow(2, 0.8), epochRow(3, 0.75)];
    const labels = { name: 'base', tags: ['x', 'y'], note: 'first' };
    writeRun(at('a'), { dataset: '/data/iris.csv', epochs: 3, hidden: [8], ...labels }, [...rows, endRow(rows[2]!)]);
    writeRun(at('b'), { dataset: '/data/iris.csv', epochs: 3, hidden: [8], seed: 2 }, rows.slice(0, 1));
    writeRun(at('c'), { dataset: 'mnist', lr: 9 }, [{ type: 'diverged', message: 'Training diverged.' }]);
    writeRun(at('d'), { dataset: 'house.csv', task: 'regression' }, [regressionRow(1, 9), regressionRow(2, 5)]);
    writeSweep(at('e'), { dataset: 'iris.csv' });
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) utimesSync(at(`${name}/environment.json`), i, i);
    utimesSync(at('e/manifest.json'), 9, 9);
  };

  it('says of each run what it is, in which state, and how good; the newest first', async () => {
    write();
    const { runs, leftOut } = await listRuns(folder());
    expect(leftOut).to.deep.equal([]);
    expect(runs.map(({ folder: name, kind, state }) => [name, kind, state])).to.deep.equal([
      ...[
        ['e', 'sweep', 'stopped'],
        ['d', 'run', 'stopped'],
        ['c', 'run', 'diverged'],
        ['b', 'run', 'stopped'],
      ],
      ['a', 'run', 'finished'],
    ]);
    const [sweep, regression, , , base] = runs;
    expect(base).to.deep.include({ name: 'base', tags: ['x', 'y'], note: 'first', dataset: 'iris.csv', done: 3 });
    expect(base).to.deep.include({ started: '1970-01-01T00:00:00.000Z', planned: 3, seconds: 6 });
    expect(base!.best).to.deep.equal({ name: 'testAccuracy', value: 0.75, goal: 'maximize', epoch: 3 });
    expect(regression!.best).to.deep.equal({ name: 'testRmse', value: 5, goal: 'minimize', epoch: 2 });
    expect(sweep).to.deep.include({ name: 'rates', done: 1, planned: 2, searched: ['lr'], dataset: 'iris.csv' });
    expect(sweep!.best).to.deep.equal({ name: 'testAccuracy', value: 0.7, goal: 'maximize' });
    // The trials of a sweep are a list as well.
    expect((await listRuns(at('e'))).runs.map(({ folder: name }) => name)).to.deep.equal(['0000']);
  });

  it('names what it leaves out: strangers, links, pipes, and what is damaged; it follows and opens none', async () => {
    writeRun(at('good'), {}, []);
    for (const name of ['stranger', 'pipe', 'torn', 'hidden/.x']) mkdirSync(at(name), { recursive: true });
    symlinkSync(at('good'), at('link'));
    execFileSync('mkfifo', [at('pipe/config.json'), at('lone')]);
    writeRun(at('bad'), {}, [{ type: 'epoch', epoch: -1 }]);
    writeFileSync(at('torn/journal.jsonl'), '{"type":"sw');
    writeFileSync(at('notes.txt'), 'x');
    const { runs, leftOut } = await listRuns(folder());
    expect(runs.map(({ folder: name }) => name)).to.deep.equal(['good']);
    const why = Object.fromEntries(leftOut.map((left) => [left.folder, left.why]));
    expect(Object.keys(why).sort()).to.deep.equal(['bad', 'hidden', 'link', 'pipe', 'stranger', 'torn']);
    expect(why['bad']).to.match(/metrics\.jsonl, line 1, is not valid/);
    expect(why['link']).to.contain('not followed');
    expect(why['pipe']).to.contain('is not a file');
    expect(why['stranger']).to.equal('holds no run');
    expect(await failure('usage', () => listRuns(at('good')))).to.contain('is a run itself');
    expect(await failure('usage', () => listRuns(at('nothing')))).to.contain('does not exist');
  });

  it('a collection sees what was appended, locked, unlocked and removed since', async () => {
    write();
    const collection = openCollection(folder());
    const seen = async () => {
      const { runs } = await collection.read();
      return Object.fromEntries(runs.map((run) => [run.folder, run]));
    };
    const before = await seen();
    const lock = await lockFolder(at('b'));
    appendFileSync(at('b/metrics.jsonl'), rowsText([epochRow(2, 0.9)]));
    const running = await seen();
    expect(running['b']).to.deep.include({ state: 'running', done: 2 });
    // The others are not read again.
    expect(running['a']).to.equal(before['a']);
    await lock.release();
    expect((await seen())['b']).to.deep.include({ state: 'stopped' });
    rmSync(at('a'), { recursive: true });
    expect(Object.keys(await seen())).to.not.include('a');
  });

  it('is sorted and filtered, by labels, states and settings', async () => {
    write();
    const { runs } = await listRuns(folder());
    const names = (list: typeof runs) => list.map(({ folder: name }) => name).join('');
    expect(names(sortRuns(runs, 'best'))).to.equal('aebdc');
    expect(names(sortRuns(runs, 'best', { reverse: true }))).to.equal('cdbea');
    // By folder b, then base, c, d and rates.
    expect(names(sortRuns(runs, 'name'))).to.equal('bacde');
    const filtered = (...conditions: string[]) => names(filterRuns(runs, conditions));
    expect(filtered('tag=X')).to.equal('a');
    expect(filtered('dataset=iris*', 'kind=run')).to.equal('ba');
    expect(filtered('name=BASE')).to.equal('a');
    expect(filtered('name=a')).to.equal('a');
    expect(filtered('hidden=8', 'seed!=2')).to.equal('a');
    expect(filtered('learning_rate=9')).to.equal('c');
    expect(filtered('state=stopped', 'tag!=x')).to.equal('edb');
    for (const wrong of ['tag', '=x', 'frobnicate=1', 'threads=2'])
      expect(await failure('usage', () => filterRuns(runs, [wrong]))).to.contain('`filter`');
  });

  it('settings in short: the network, the rate, and what differs between runs with the same data', async () => {
    write();
    writeRun(at('f'), { dataset: 'iris.csv', hidden: [8], seed: 123_456 }, []);
    const { runs } = await listRuns(folder());
    const short = Object.fromEntries(settingsInShort(runs).map((text, i) => [runs[i]!.folder, text]));
    expect(short['a']).to.equal('8, sgd 0.1');
    expect(short['b']).to.equal('8, sgd 0.1, seed 2');
    expect(short['f']).to.equal('8, sgd 0.1, seed 123456');
    expect(short['c']).to.equal('256, sgd 9');
    expect(short['e']).to.equal('searches lr');
  });
});
