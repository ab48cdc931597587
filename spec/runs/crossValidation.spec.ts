import { expect } from 'chai';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../src/runs/config';
import type { RunEvent } from '../../src/runs/events';
import { resumeRun, startRun } from '../../src/runs/run';
import { writeReport } from '../../src/reports/writeReport';
import { readRun } from '../../src/runs/readRun';
import { runResult } from '../../src/sweeps/workers/runResult';
import { writePoints } from '../cli/points';
import { session } from '../cli/session';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';

describe('cross-validation', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (...names: string[]) => join(folder(), ...names);
  const settings = (more: Settings = {}): Settings => ({
    ...{ dataset: path('points.csv'), hidden: [8], batchSize: 20, epochs: 3, folds: 3 },
    ...{ backend: 'cpu', tensorboard: false, ...more },
  });
  beforeEach(() => void writePoints(path('points.csv')));
  const eventsOf = async (run: { train(signal?: AbortSignal): AsyncGenerator<RunEvent> }, signal?: AbortSignal) => {
    const events: RunEvent[] = [];
    for await (const event of run.train(signal)) if (event.type !== 'step') events.push(event);
    return events;
  };
  const env = {};

  it('trains each fold on the others, and ends with the mean and the spread of every figure', async () => {
    const events = await eventsOf(await startRun(settings(), { dir: path('cv'), env }));
    expect(events.map(({ type }) => type)).to.deep.equal(['start', 'fold', 'fold', 'fold', 'end']);
    const figures = events.flatMap((event) => (event.type === 'fold' ? [event.testAccuracy!] : []));
    const end = events.at(-1) as Extract<RunEvent, { type: 'end' }>;
    const mean = (figures[0]! + figures[1]! + figures[2]!) / 3;
    expect(end.testAccuracy).to.be.closeTo(mean, 1e-12);
    expect(end.mean!['testAccuracy']).to.be.closeTo(mean, 1e-12);
    const variance = figures.reduce((sum, figure) => sum + (figure - mean) ** 2, 0) / 2;
    expect(end.std!['testAccuracy']).to.be.closeTo(Math.sqrt(variance), 1e-12);
    expect(end).to.include({ folds: 3, epochs: 3, runDir: path('cv') });
    // One fold by itself is the same run.
    await eventsOf(await startRun(settings({ fold: 2 }), { dir: path('alone'), env }));
    const model = (...names: string[]) => readFileSync(path(...names, 'model.safetensors'));
    expect(model('alone').equals(model('cv', 'fold-2'))).to.equal(true);
  });

  it('can be read as a run: by a sweep, a report and a resume', async () => {
    const end = (await eventsOf(await startRun(settings(), { dir: path('cv'), env }))).at(-1);
    const data = await readRun(path('cv'));
    expect(data.epochs).to.have.length(3);
    expect(runResult(data, 'testAccuracy')).to.include({ value: (end as { testAccuracy: number }).testAccuracy });
    await writeReport(path('cv'));
    expect(readFileSync(path('cv', 'report.html'), 'utf8')).to.contain('fold-3');
    const done = await resumeRun(path('cv'), {}, { env });
    expect(await eventsOf(done)).to.deep.equal([JSON.parse(JSON.stringify(end))]);
  });

  it('F01 goes on after an interruption, to the same figures', async () => {
    const whole = await eventsOf(await startRun(settings(), { dir: path('whole'), env }));
    const run = await startRun(settings(), { dir: path('cut'), env });
    for await (const event of run.train()) if (event.type === 'fold' && event.fold === 2) break;
    expect(existsSync(path('cut', 'fold-3'))).to.equal(false);
    const rest = await eventsOf(await resumeRun(path('cut'), {}, { env }));
    const figures = (event: RunEvent | undefined) => ({ ...(event as object), seconds: 0, runDir: '' });
    expect(figures(rest.at(-1))).to.deep.equal(figures(whole.at(-1)));
  });

  it('expects of the mean what is expected', async () => {
    const run = await startRun(settings({ expectAccuracy: 1, epochs: 1, lr: 1e-6 }), { dir: path('cv'), env });
    expect(await failure('failure', () => eventsOf(run))).to.match(/is below `expectAccuracy` 1; the run is in /);
    rmSync(path('cv'), { recursive: true });
  });

  it('refuses more folds than there are rows, and leaves no folder', async () => {
    writeFileSync(path('few.csv'), 'label,x\na,1\nb,2\na,3\nb,4\n');
    const message = await failure('data', () =>
      startRun(settings({ dataset: path('few.csv'), folds: 9 }), { dir: path('cv'), env }),
    );
    expect(message).to.match(/4 rows cannot be split into parts/);
    expect(existsSync(path('cv'))).to.equal(false);
  });

  it('shows a line for each fold, and JSON lines', async () => {
    const flags = ['--hidden', '4', '--epochs', '1', '--folds', '2', '--backend', 'cpu'];
    const args = ['train', '--dataset', path('points.csv'), ...flags];
    const { stdout, code, stderr } = await session([...args, '--run-dir', path('a')]);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(
      /^Fold 1 of 2, Test Accuracy: .+\nFold 2 of 2, .+\nTest Accuracy: .+: the means of 2 folds in .+\n/,
    );
    expect(stdout).to.match(/^Standard deviations: Test Accuracy: \S+, Test Loss: \S+$/m);
    const json = await session([...args, '--json', '--run-dir', path('b')]);
    const lines = json.stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as RunEvent).type)).to.deep.equal(['start', 'fold', 'fold', 'end']);
  });
});
