import type { TypedTable } from '../data/tables/typedTable';
import type { Config, ConfigKey, Resolved } from './config';

/**
 * The defaults of a run on a table, for what was not given. They depend on the number of rows; docs/accuracy.md says
 * how they were chosen.
 */
export function withTableDefaults(asked: Resolved, { table }: TypedTable): Resolved {
  const { config, given, origins } = asked;
  const { folds, testFraction = 0.2, valFraction } = config;
  const rows = Math.round(table.count * (folds === undefined ? 1 - testFraction : 1 - 1 / folds) * (1 - valFraction));
  const samples = Math.max(1, Math.min(rows, config.limit ?? rows));
  const batchSize = given.has('batchSize') ? config.batchSize : batchSizeFor(samples);
  const suited: Partial<Config> = {
    ...(folds === undefined && { testFraction }),
    normalize: config.imageShape === undefined,
    // Epochs of a small table take milliseconds, less than saving.
    checkpointEvery: '10s',
    hidden: [128],
    batchSize,
    epochs: Math.max(5, Math.round(stepsFor(samples) / Math.ceil(samples / batchSize))),
    // Together, as they were measured. An optimizer that was asked for has its own rate, which stays constant.
    ...(!given.has('optimizer') && { optimizer: 'adamw', weightDecay: 0.3, schedule: 'cosine', lr: 0.01 }),
  };
  const missing = (Object.keys(suited) as ConfigKey[]).filter((key) => !given.has(key));
  return {
    ...asked,
    config: { ...config, ...Object.fromEntries(missing.map((key) => [key, suited[key]])) },
    origins: new Map([...origins, ...missing.map((key) => [key, 'table default'] as const)]),
  };
}

/** A twentieth of the rows, as a power of two from 32 to 256. */
function batchSizeFor(samples: number): number {
  return Math.min(samples, Math.max(32, Math.min(256, 2 ** Math.round(Math.log2(samples / 20)))));
}

/** Few rows are learned in few steps. More rows tell more, but five epochs of many rows are enough steps. */
function stepsFor(samples: number): number {
  return Math.min(1500, 120 + samples / 4, 300 + samples / 8);
}
