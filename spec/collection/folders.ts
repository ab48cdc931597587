import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultOf, specOf } from '../sweeps/spec/specOf';

/** A row of an epoch as a classifier records it. */
export const epochRow = (epoch: number, testAccuracy: number | undefined, more: object = {}) => ({
  ...{ type: 'epoch', epoch, step: 6 * epoch, loss: 1 / epoch, lastBatchLoss: 0.4, testLoss: 0.5, testAccuracy },
  ...{ seconds: 2, trainSeconds: 1, samplesPerSecond: 100, ...more },
});

/** A row of an epoch of regression. */
export const regressionRow = (epoch: number, testRmse: number) =>
  epochRow(epoch, undefined, { testRmse, testMae: testRmse / 2, testR2: 1 - testRmse / 100 });

/** The last row of a run, with the figures of its last epoch. */
export function endRow({ epoch, ...row }: ReturnType<typeof epochRow>) {
  const { testLoss, testAccuracy, ...others } = row;
  const kept = Object.entries(others).filter(([key]) => key.startsWith('test'));
  const figures = { testLoss, ...(testAccuracy !== undefined && { testAccuracy }), ...Object.fromEntries(kept) };
  return { type: 'end', epochs: epoch, ...figures, seconds: 2 * epoch, runDir: 'runs/x' };
}

export const rowsText = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Writes a run folder as a training leaves it, without its model. */
export function writeRun(dir: string, config: object, rows: readonly object[]): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'manifest.json'), '{"handgrad":"run","version":1}\n');
  writeFileSync(join(dir, 'environment.json'), '{"backend":"cpu"}\n');
  writeFileSync(join(dir, 'metrics.jsonl'), rowsText(rows));
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  return dir;
}

/** Writes the folder of a sweep of two trials, of which one has a result. */
export function writeSweep(dir: string, fixed: object = {}): string {
  const parameters = { lr: { values: [0.1, 0.2] } };
  const spec = specOf({ name: 'rates', method: 'grid', metric: { name: 'testAccuracy' }, parameters, fixed });
  const first = { trial: 0, seed: 0, rung: 0 };
  mkdirSync(join(dir, 'trials'), { recursive: true });
  writeFileSync(join(dir, 'manifest.json'), '{"handgrad":"sweep","version":1}\n');
  writeRun(join(dir, 'trials', '0000'), { lr: 0.1 }, [epochRow(1, 0.7)]);
  const entries = [
    { type: 'sweep', version: 1, id: 'a'.repeat(16), spec },
    { type: 'trial', trial: 0, configuration: { lr: 0.1 } },
    resultOf(first, 0.7, { runDir: 'trials/0000' }),
    { type: 'trial', trial: 1, configuration: { lr: 0.2 } },
  ];
  writeFileSync(join(dir, 'journal.jsonl'), rowsText(entries));
  return dir;
}
