import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../src/runs/config';
import type { RunEvent } from '../../src/runs/events';
import { resumeRun, type Run, startRun } from '../../src/runs/run';
import { writePoints } from '../cli/points';
import { eventsOf, type RecordedValue } from './tensorboard/eventsOf';

/** Runs on a small table in a folder: 120 training rows in batches of 20, so 6 steps an epoch; 2 epochs. */
export function pointsRuns(folder: string) {
  const csv = writePoints(join(folder, 'points.csv'));
  const at = (name: string) => join(folder, name);
  const settings = { dataset: csv, hidden: [8], batchSize: 20, lr: 0.3, epochs: 2, backend: 'cpu' };
  const start = (name: string, more: Settings = {}): Promise<Run> =>
    startRun({ ...settings, ...more } as Settings, { dir: at(name), env: {} });
  const resume = (name: string, changes: Settings = {}): Promise<Run> => resumeRun(at(name), changes, { env: {} });
  /** Trains to the end, or stops after some step. */
  const train = async (run: Run, stopAt = Infinity): Promise<RunEvent[]> => {
    const abort = new AbortController();
    const events: RunEvent[] = [];
    for await (const event of run.train(abort.signal)) {
      events.push(event);
      if (event.type === 'step' && event.step >= stopAt) abort.abort();
    }
    return events;
  };
  return { at, start, resume, train };
}

/** What must be the same however often a run was interrupted: its weights, its rows and its events. */
export function resultOf(dir: string): { model: string; rows: unknown[]; events: RecordedValue[] } {
  const lines = readFileSync(join(dir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return {
    model: readFileSync(join(dir, 'model.safetensors')).toString('base64'),
    rows: lines.map(rowOf),
    events: eventsOf(dir),
  };
}

/** A line of metrics.jsonl without what clocks and folders say. */
export function rowOf(line: string): unknown {
  return { ...(JSON.parse(line) as object), seconds: 0, trainSeconds: 0, samplesPerSecond: 0, runDir: '' };
}
