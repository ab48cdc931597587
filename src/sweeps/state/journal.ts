import { join } from 'node:path';
import { z } from 'zod';
import { HandgradError } from '../../errors';
import { type AppendOptions, openAppendLog } from '../../files/appendLog';
import { readOwn } from '../../files/readWhole';
import type { Configuration } from '../spec/samplers';
import { METRICS, type SweepSpec } from '../spec/sweepFile';
import { DISTRIBUTIONS, type DistributionName, type Value } from '../spec/distributions';

/** The name of the journal in a sweep's folder. */
export const JOURNAL = 'journal.jsonl';
/** The longest string that V8 allows; about a million runs. */
const MAX_BYTES = 512e6;

/** Identifies a run: a trial, one of its seeds, and the rung it trains for. */
export interface RunId {
  readonly trial: number;
  /** The index among the seeds of the trial, from 0. */
  readonly seed: number;
  readonly rung: number;
}

/** The result of a run. */
export interface Result {
  /** The sweep's metric. */
  readonly value: number;
  /** The metric after every epoch. */
  readonly curve: readonly (number | null)[];
  /** Finished epochs. */
  readonly epochs: number;
  /** Wall-clock seconds of the process, and of the training in it alone. */
  readonly seconds: number;
  readonly trainingSeconds: number;
  /** The folder of the run, relative to the sweep's; undefined when it is on another machine. */
  readonly runDir?: string;
  /** The settings as the run resolved them: `train --config` with them repeats the run. */
  readonly config: Readonly<Record<string, unknown>>;
}

export type ResultEntry = { readonly type: 'result' } & RunId & Result;

/** A line of the journal. */
export type Entry =
  | { readonly type: 'sweep'; readonly version: 1; readonly id: string; readonly spec: SweepSpec }
  | { readonly type: 'extended'; readonly spec: SweepSpec }
  | { readonly type: 'trial'; readonly trial: number; readonly configuration: Configuration; readonly token?: number }
  | { readonly type: 'promotion'; readonly trial: number; readonly rung: number }
  | ({ readonly type: 'start' } & RunId)
  | ResultEntry
  | ({
      readonly type: 'failure';
      readonly reason: string;
      readonly code?: number | string;
      readonly retry: boolean;
    } & RunId)
  | { readonly type: 'told'; readonly trial: number }
  /** A failed trial is retried. */
  | { readonly type: 'revived'; readonly trial: number };

const natural = z.number().int().min(0);
/** As many trials as a sweep file may ask for, and rungs and seeds that fit it. */
const trial = natural.max(1_000_000);
const run = { trial, seed: natural.max(1000), rung: natural.max(30) };
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const value: z.ZodType<Value> = z.union([scalar, z.array(scalar)]);

const parameterSchema = z
  .object({
    distribution: z.enum(Object.keys(DISTRIBUTIONS) as [DistributionName, ...DistributionName[]]),
    value: value.optional(),
    values: z.array(value).min(1).optional(),
    probabilities: z.array(z.number()).optional(),
    ...{ min: z.number().optional(), max: z.number().optional(), q: z.number().positive().optional() },
    ...{ mu: z.number().optional(), sigma: z.number().positive().optional() },
  })
  .refine((parameter) => {
    const { keys } = DISTRIBUTIONS[parameter.distribution];
    return keys.every((key) => parameter[key as keyof typeof parameter] !== undefined);
  }, 'lacks what its distribution needs')
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'has a min above its max');

/** A sweep file as it was validated when the sweep started. */
const specSchema = z
  .object({
    name: z.string().max(64).optional(),
    method: z.enum(['grid', 'random', 'bayes']),
    metric: z.object({ name: z.enum(METRICS), goal: z.enum(['maximize', 'minimize']) }),
    parameters: z.record(z.string(), parameterSchema),
    fixed: z.record(z.string(), value),
    halving: z.object({ eta: natural.min(2).max(100), rungs: z.array(natural.min(1)).min(2).max(30) }).optional(),
    runCap: natural.min(1).max(1_000_000).nullable(),
    seeds: natural.min(1).max(1000),
    seed: natural.max(2 ** 32 - 1),
  })
  .loose();

/** Validates a result, wherever it comes from. */
export const resultSchema = z.object({
  value: z.number(),
  curve: z.array(z.number().nullable()).max(1_000_000),
  epochs: natural,
  seconds: z.number(),
  trainingSeconds: z.number(),
  runDir: z.string().max(4096).optional(),
  config: z.record(z.string(), z.unknown()),
});

const entrySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('sweep'),
    version: z.literal(1),
    id: z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits'),
    spec: specSchema,
  }),
  z.object({ type: z.literal('extended'), spec: specSchema }),
  z.object({
    type: z.literal('trial'),
    trial,
    configuration: z.record(z.string(), value),
    token: natural.optional(),
  }),
  z.object({ type: z.literal('promotion'), trial, rung: run.rung }),
  z.object({ type: z.literal('start'), ...run }),
  z.object({ type: z.literal('result'), ...run, ...resultSchema.shape }),
  z.object({
    type: z.literal('failure'),
    ...run,
    reason: z.string(),
    code: z.union([z.number(), z.string()]).optional(),
    retry: z.boolean(),
  }),
  z.object({ type: z.literal('told'), trial }),
  z.object({ type: z.literal('revived'), trial }),
]);

/** A journal that this process writes. */
export interface Journal {
  /**
   * Appends an entry, and returns when it is on disk. Entries appended during a write share the next one.
   * @throws HandgradError 'storage'
   */
  append(entry: Entry): Promise<void>;
  close(): Promise<void>;
}

/** The content of a journal that was read. */
export interface JournalContent {
  readonly entries: readonly Entry[];
  /** Bytes up to the end of the last complete line. Anything after that was being written when the process died. */
  readonly bytes: number;
}

/**
 * Reads a sweep's journal.
 * @throws HandgradError 'usage' when there is none, 'model' when a line is not an entry, except a torn last one
 */
export async function readJournal(dir: string): Promise<JournalContent> {
  const path = join(dir, JOURNAL);
  const text = await readOwn(path, MAX_BYTES, (why, cause) => noSweep(dir, `${JOURNAL} ${why}`, cause));
  if (!text) throw noSweep(dir, `it has no ${JOURNAL}`);
  const bytes = text.lastIndexOf('\n') + 1;
  const lines = text.subarray(0, bytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line, i) => readEntry(line, `${path}, line ${i + 1}`));
  const fits = entryChecker();
  for (const [i, entry] of entries.entries()) {
    const fault = fits(entry);
    if (fault !== undefined) throw damaged(`${path}, line ${i + 1}`, fault);
  }
  return { entries, bytes };
}

/** Checks entries one after the other against those before. @returns why one does not fit; undefined when it does */
function entryChecker(): (entry: Entry) => string | undefined {
  let spec: SweepSpec | undefined;
  let trials = 0;
  return (entry) => {
    if (entry.type === 'sweep' || entry.type === 'extended') {
      if ((spec === undefined) !== (entry.type === 'sweep')) return 'it does not describe a sweep';
      spec = entry.spec;
      return undefined;
    }
    if (!spec) return 'it does not describe a sweep';
    if (entry.type === 'trial') {
      if (entry.trial > trials) return `trial ${entry.trial} follows trial ${trials - 1}`;
      const names = Object.keys(spec.parameters);
      if (
        names.length !== Object.keys(entry.configuration).length ||
        !names.every((name) => name in entry.configuration)
      )
        return 'its configuration is of other parameters';
      trials = Math.max(trials, entry.trial + 1);
      return undefined;
    }
    if (entry.trial >= trials) return `there is no trial ${entry.trial}`;
    if ('rung' in entry && entry.rung >= (spec.halving?.rungs.length ?? 1)) return `there is no rung ${entry.rung}`;
    if ('seed' in entry && entry.seed >= spec.seeds) return `there is no seed ${entry.seed}`;
    return undefined;
  };
}

function noSweep(dir: string, why: string, cause?: unknown): HandgradError {
  return new HandgradError('usage', `${dir} is not the folder of a sweep (${why}); name the one that sweep printed.`, {
    cause,
  });
}

function readEntry(line: string, where: string): Entry {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch (error) {
    throw damaged(where, (error as Error).message);
  }
  const parsed = entrySchema.safeParse(content);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw damaged(where, `${path.join('.') || 'the line'}: ${message}`);
  }
  return content as Entry;
}

function damaged(where: string, why: string): HandgradError {
  return new HandgradError(
    'model',
    `The journal is damaged (${where}: ${why}); restore it from a copy, or start a new sweep.`,
  );
}

/**
 * Opens a journal for appending, and truncates a torn last line.
 * @param bytes where its last complete line ends, from `readJournal`; 0 for a new one
 */
export async function openJournal(dir: string, bytes: number, options: AppendOptions = {}): Promise<Journal> {
  const log = await openAppendLog(join(dir, JOURNAL), bytes, options);
  return { append: (entry) => log.append(`${JSON.stringify(entry)}\n`), close: () => log.close() };
}
