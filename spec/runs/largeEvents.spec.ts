import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors } from '../../src/model/safetensors';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/runs/checkpoint';
import { newestCheckpoint } from '../../src/runs/checkpointFolder';
import { readRun } from '../../src/runs/readRun';
import { session } from '../cli/session';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { pointsRuns, resultOf } from './pointsRun';

/** More than the largest buffer that Node reads a file into; the file is sparse, so it takes no space. */
const LARGE = Math.floor(2.1 * 2 ** 30);
/** Settings with which a run that is extended ends as one that had more epochs from the start. */
const SGD = { optimizer: 'sgd', hidden: [4] } as const;
/** More memory than any of this takes, and much less than the file would. */
const MOST_MEMORY = 600e6;

describe('F110 an event file of more than 2 GiB', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let runs: ReturnType<typeof pointsRuns>;
  let most = 0;
  let before = 0;
  let timer: NodeJS.Timeout;
  beforeEach(async () => {
    runs = pointsRuns(folder());
    await runs.train(await runs.start('run', SGD));
    before = most = process.memoryUsage().rss;
    timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 10);
  });
  afterEach(() => {
    clearInterval(timer);
    expect(most - before).to.be.below(MOST_MEMORY);
  });
  const eventFile = () =>
    runs.at(
      join(
        'run',
        readdirSync(runs.at('run')).find((name) => name.startsWith('events'))!,
      ),
    );

  it('does not matter to what reads the run, and a resumed run keeps the events of its checkpoint', async () => {
    await runs.train(await runs.start('whole', { ...SGD, epochs: 3 }));
    truncateSync(eventFile(), LARGE);
    expect((await readRun(runs.at('run'))).epochs).to.have.length(2);
    for (const command of ['evaluate', 'report']) {
      const { code, stderr } = await session([command, runs.at('run'), '--backend', 'cpu']);
      expect(code, stderr).to.equal(0);
    }
    await runs.train(await runs.resume('run', { epochs: 3 }));
    expect(resultOf(runs.at('run'))).to.deep.equal(resultOf(runs.at('whole')));
  });

  it('is refused when it holds other events', async () => {
    truncateSync(eventFile(), 0);
    truncateSync(eventFile(), LARGE);
    const said = await failure('model', () => runs.resume('run', { epochs: 3 }));
    expect(said).to.match(/does not start with the events that .* includes; restore the file, or remove it\.$/);
    expect(statSync(eventFile()).size).to.equal(LARGE);
  });

  it('is refused at once when a checkpoint includes more than that', async () => {
    truncateSync(eventFile(), LARGE);
    const { path } = (await newestCheckpoint(runs.at(join('run', 'checkpoints'))))!;
    const checkpoint = decodeCheckpoint(decodeSafetensors(readFileSync(path), path), path);
    const events = { ...checkpoint.records!.events!, bytes: LARGE + 1 };
    const bytes = encodeCheckpoint({ ...checkpoint, records: { ...checkpoint.records!, events } });
    writeFileSync(path, bytes);
    const manifest = path.replace(/safetensors$/, 'json');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const facts = JSON.parse(readFileSync(manifest, 'utf8')) as object;
    writeFileSync(manifest, `${JSON.stringify({ ...facts, bytes: bytes.length, sha256 })}\n`);
    const said = await failure('model', () => runs.resume('run', { epochs: 3 }));
    expect(said).to.contain(`does not start with the events that ${path} includes`);
  });
});
