import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/runs/events';
import { labelsOf, titleOf } from '../../src/runs/labels';
import { openModel } from '../../src/runs/modelConfig';
import { readRun } from '../../src/runs/readRun';
import { fromWandb } from '../../src/sweeps/spec/wandb';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { specOf } from '../sweeps/spec/specOf';
import { pointsRuns } from './pointsRun';

describe('labels of a run', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const runs = () => pointsRuns(folder());

  it('are in its config, and not in its model; a finished run takes others, and stays sealed', async () => {
    const { start, resume, train, at } = runs();
    await train(await start('a', { name: 'base <line>', tags: ['x', 'y'], note: 'the first\nof many' }));
    const before = await readRun(at('a'));
    expect(labelsOf(before.config)).to.deep.equal({
      name: 'base <line>',
      tags: ['x', 'y'],
      note: 'the first\nof many',
    });
    expect(titleOf(before)).to.equal('base <line>');
    const model = readFileSync(join(at('a'), 'model.safetensors'));
    expect(model.toString('latin1')).not.to.contain('base <line>');
    await train(await resume('a', { tags: [], note: '' }));
    const after = await readRun(at('a'));
    expect(labelsOf(after.config)).to.deep.equal({ name: 'base <line>', tags: [], note: undefined });
    // Its digests were checked while it was read.
    expect(after).to.deep.include({ isSealed: true, end: before.end, epochs: before.epochs });
    expect(after.config).to.deep.equal({ ...before.config, tags: [], note: '' });
    expect((await openModel(at('a'))).config).to.have.property('classNames');
    expect(readFileSync(join(at('a'), 'model.safetensors')).equals(model)).to.be.true;
  });

  it('change when an interrupted run is resumed, which ends with the same weights', async () => {
    const { start, resume, train, at } = runs();
    await train(await start('whole'));
    await train(await start('parts', { name: 'one' }), 7);
    await train(await resume('parts', { name: 'two', tags: ['resumed'] }));
    const { config } = await readRun(at('parts'));
    expect(labelsOf(config)).to.deep.include({ name: 'two', tags: ['resumed'] });
    const weights = (name: string) => openModel(at(name)).then(({ parameters }) => parameters);
    expect(await weights('parts')).to.deep.equal(await weights('whole'));
  });

  it('of a folder with another author are left out if they are not valid', () => {
    expect(labelsOf({ name: 3, tags: 'x', note: 'y'.repeat(5000) })).to.deep.equal({
      ...{ name: undefined, tags: [], note: undefined },
    });
    expect(labelsOf({ tags: ['x', 'x', ''] }).tags).to.deep.equal(['x']);
    expect(titleOf({ name: 'folder', config: { name: '' } })).to.equal('folder');
  });

  it('are not searched; the name in a group of W&B is what the group is', async () => {
    const sweep = (parameters: object) => specOf({ method: 'grid', parameters });
    expect(await failure('usage', () => sweep({ name: { values: ['a'] } }))).to.contain('a single run');
    const wandb = { method: 'grid', parameters: { optimizer: { parameters: { name: { values: ['sgd', 'adam'] } } } } };
    expect(Object.keys(specOf(fromWandb(wandb, () => {})).parameters)).to.deep.equal(['optimizer']);
  });
});

describe('a run that diverges', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const wild = { optimizer: 'sgd', lr: 1e12, schedule: 'constant' } as const;

  it('records it in its last row, which a resumed run takes back', async () => {
    const { start, resume, train, at } = pointsRuns(folder());
    const message = await failure('diverged', async () => train(await start('wild', wild)));
    const { diverged, end, epochs } = await readRun(at('wild'));
    expect(message).to.contain(diverged!.replace(/\.$/, ''));
    expect({ end, epochs }).to.deep.equal({ end: undefined, epochs: [] });
    const events: RunEvent[] = [];
    await failure('diverged', async () => {
      for await (const event of (await resume('wild')).train()) events.push(event);
    });
    expect(events[0]).to.include({ type: 'start' });
    expect(
      readFileSync(join(at('wild'), 'metrics.jsonl'), 'utf8')
        .trimEnd()
        .split('\n'),
    ).to.have.length(1);
  });

  it('is seen of a cross-validation as well', async () => {
    const { start, train, at } = pointsRuns(folder());
    await failure('diverged', async () => train(await start('folds', { ...wild, folds: 2 })));
    expect((await readRun(at('folds'))).diverged).to.match(/^Training diverged/);
  });
});
