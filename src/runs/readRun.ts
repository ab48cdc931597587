import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { HandgradError } from '../errors';
import { readWhole } from '../files/readWhole';
import type { EndEvent, EpochEvent } from '../training/train';
import { RUN_FILES } from './runFolder';

/** What a run has left in its folder, apart from its model and its checkpoints. */
export interface RunData {
  readonly dir: string;
  readonly name: string;
  /** The content of `config.json`; that of an earlier version may have other keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Undefined where the folder has lost it. */
  readonly environment: Readonly<Record<string, unknown>> | undefined;
  readonly epochs: readonly EpochEvent[];
  /** Where the line of each epoch ends in `metrics.jsonl`, in bytes. */
  readonly epochEnds: readonly number[];
  /** Undefined while the run goes on, or when it was stopped. */
  readonly end: (EndEvent & { readonly runDir: string }) | undefined;
  readonly hasModel: boolean;
}

/** A config is a screen of text. */
const MAX_JSON_BYTES = 1_000_000;
/** Room for a million epochs. */
const MAX_METRICS_BYTES = 512e6;

const count = z.int().nonnegative();
/** JSON has no word for a number that is not finite: it stands there as null. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);

const rowSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('epoch'),
    epoch: count,
    step: count,
    loss: figure,
    lastBatchLoss: figure,
    lr: figure.optional(),
    skippedBatches: count.optional(),
    testLoss: figure.optional(),
    testAccuracy: figure.optional(),
    valLoss: figure.optional(),
    valAccuracy: figure.optional(),
    seconds: figure,
    trainSeconds: figure,
    samplesPerSecond: figure,
  }) satisfies z.ZodType<EpochEvent>,
  z.object({
    type: z.literal('end'),
    epochs: count,
    bestEpoch: count.optional(),
    testLoss: figure,
    testAccuracy: figure,
    seconds: figure,
    runDir: z.string(),
  }) satisfies z.ZodType<EndEvent>,
]);

const recordSchema = z.record(z.string(), z.unknown());

/** Whether a folder is that of a run. */
export async function isRunFolder(dir: string): Promise<boolean> {
  return exists(join(dir, RUN_FILES.config));
}

/**
 * Reads the folder of a run, finished or not. A last line of the metrics that is being written is left out.
 * @throws HandgradError `model` when it is none, or what is in it is not what handgrad writes
 */
export async function readRun(dir: string): Promise<RunData> {
  const run = await findRun(dir);
  if (run) return run;
  throw new HandgradError('model', `${dir} is no run's folder: it holds no ${RUN_FILES.config}; give another one.`);
}

/**
 * `readRun` for a folder that may hold no run.
 * @returns undefined when it holds none
 * @throws HandgradError `model` when what is in it is not what handgrad writes
 */
export async function findRun(dir: string): Promise<RunData | undefined> {
  const config = await readJson(join(dir, RUN_FILES.config));
  if (config === undefined) return undefined;
  const rows = await readRows(join(dir, RUN_FILES.metrics));
  const epochs = rows.flatMap(({ row, end }) => (row.type === 'epoch' ? [{ row, end }] : []));
  const last = rows.at(-1)?.row;
  return {
    dir,
    name: basename(resolve(dir)),
    config,
    environment: await readJson(join(dir, RUN_FILES.environment)),
    epochs: epochs.map(({ row }) => row),
    epochEnds: epochs.map(({ end }) => end),
    end: last?.type === 'end' ? last : undefined,
    hasModel: await exists(join(dir, RUN_FILES.model)),
  };
}

async function readRows(path: string): Promise<{ row: z.output<typeof rowSchema>; end: number }[]> {
  const bytes = await readWhole(path, MAX_METRICS_BYTES, (why) => damaged(path, why));
  if (!bytes) return [];
  const rows = [];
  // What stands after the last line feed was being written when the process ended.
  for (let begin = 0, end; (end = bytes.indexOf(10, begin) + 1) > 0; begin = end) {
    rows.push({ row: parse(bytes.toString('utf8', begin, end), rowSchema, `${path}, line ${rows.length + 1},`), end });
  }
  return rows;
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await readWhole(path, MAX_JSON_BYTES, (why) => damaged(path, why));
  return bytes && parse(bytes.toString('utf8'), recordSchema, path);
}

function parse<Schema extends z.ZodType>(text: string, schema: Schema, where: string): z.output<Schema> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged(where, 'is not JSON');
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw damaged(where, `is not what handgrad wrote there (${path.join('.') || 'all of it'}: ${message})`);
}

function damaged(where: string, why: string): HandgradError {
  return new HandgradError('model', `${where} ${why}; bring back the file as it was, or give another run.`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The accuracy by which an epoch is judged: of the validation part where there is one. */
export function judgedAccuracy({ valAccuracy, testAccuracy }: EpochEvent): number | undefined {
  return valAccuracy ?? testAccuracy;
}
