import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { HandgradError } from '../errors';
import { assertUnchanged, type Manifest, readManifest } from '../files/manifest';
import { openOwn, readOwn } from '../files/readWhole';
import type { EpochEvent, LogEvent } from '../training/train';
import type { Divergence, RunEnd } from './events';
import { RUN_FILES } from './runFolder';

/** The records in a run folder, without the model and the checkpoints. */
export interface RunData {
  readonly dir: string;
  readonly name: string;
  /** The content of `config.json`. Earlier versions may have had other keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The content of `environment.json`; undefined if it is missing. */
  readonly environment: Readonly<Record<string, unknown>> | undefined;
  readonly epochs: readonly EpochEvent[];
  /** The byte offset in `metrics.jsonl` where the line of each epoch ends. */
  readonly epochEnds: readonly number[];
  /** The steps that were recorded, with `logEvery`. */
  readonly logs: readonly LogEvent[];
  /** Whether the digests of its files are recorded: nothing is left to do. */
  readonly isSealed: boolean;
  /** Undefined while the run is in progress, or when it was stopped. */
  readonly end: RunEnd | undefined;
  /** Why the training diverged, if that is how it ended. */
  readonly diverged: string | undefined;
  readonly hasModel: boolean;
}

/** The size limit of a JSON file. Real ones fit on a screen. */
const MAX_JSON_BYTES = 1_000_000;
/** The size limit of `metrics.jsonl`: about a million epochs. */
const MAX_METRICS_BYTES = 512e6;

const count = z.int().nonnegative();
/** Non-finite values are null in JSON. */
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
    trainAccuracy: figure.optional(),
    testLoss: figure.optional(),
    testAccuracy: figure.optional(),
    valLoss: figure.optional(),
    valAccuracy: figure.optional(),
    testRmse: figure.optional(),
    testMae: figure.optional(),
    testR2: figure.optional(),
    valRmse: figure.optional(),
    valMae: figure.optional(),
    valR2: figure.optional(),
    seconds: figure,
    trainSeconds: figure,
    samplesPerSecond: figure,
  }) satisfies z.ZodType<EpochEvent>,
  z.object({
    type: z.literal('log'),
    epoch: count,
    step: count,
    loss: figure,
    lr: figure,
    gradientNorm: figure,
  }) satisfies z.ZodType<LogEvent>,
  z.object({
    type: z.literal('end'),
    epochs: count,
    bestEpoch: count.optional(),
    testLoss: figure,
    testAccuracy: figure.optional(),
    testRmse: figure.optional(),
    testMae: figure.optional(),
    testR2: figure.optional(),
    seconds: figure,
    folds: count.optional(),
    mean: z.record(z.string(), figure).optional(),
    std: z.record(z.string(), figure).optional(),
    runDir: z.string(),
  }) satisfies z.ZodType<RunEnd>,
  z.object({ type: z.literal('diverged'), message: z.string().max(10_000) }) satisfies z.ZodType<Divergence>,
]);

type Row = z.output<typeof rowSchema>;
/** How the line of a step begins. */
const LOG = Buffer.from('{"type":"log",');

const recordSchema = z.record(z.string(), z.unknown());

/** Whether a folder is a run folder. */
export async function isRunFolder(dir: string): Promise<boolean> {
  return exists(join(dir, RUN_FILES.config));
}

/**
 * Reads a run folder, finished or not. An incomplete last line of the metrics is ignored.
 * @throws HandgradError `model` when it is not a run folder, or is damaged
 */
export async function readRun(dir: string): Promise<RunData> {
  const run = await findRun(dir);
  if (run) return run;
  throw new HandgradError('model', `${dir} is not a run folder: it has no ${RUN_FILES.config}; give another one.`);
}

/**
 * `readRun` for a folder that may not hold a run.
 * @param options.logs false leaves out what `logEvery` recorded, which may be most of the file
 * @returns undefined when it holds none
 * @throws HandgradError `model` when it is damaged
 */
export async function findRun(dir: string, { logs = true } = {}): Promise<RunData | undefined> {
  const manifest = await readManifest(dir);
  const config = await readRecordedConfig(dir, manifest);
  if (config === undefined) return undefined;
  const rows = await readRows(dir, manifest, logs);
  const epochs = rows.flatMap(({ row, end }) => (row.type === 'epoch' ? [{ row, end }] : []));
  const last = rows.at(-1)?.row;
  return {
    dir,
    name: basename(resolve(dir)),
    config,
    environment: await readJson(dir, RUN_FILES.environment, manifest),
    epochs: epochs.map(({ row }) => row),
    epochEnds: epochs.map(({ end }) => end),
    logs: rows.flatMap(({ row }) => (row.type === 'log' ? [row] : [])),
    end: last?.type === 'end' ? last : undefined,
    diverged: last?.type === 'diverged' ? last.message : undefined,
    isSealed: manifest?.files !== undefined,
    hasModel: await exists(join(dir, RUN_FILES.model)),
  };
}

async function readRows(
  dir: string,
  manifest: Manifest | undefined,
  logs: boolean,
): Promise<{ row: Row; end: number }[]> {
  const path = join(dir, RUN_FILES.metrics);
  const bytes = await readFileOf(dir, RUN_FILES.metrics, MAX_METRICS_BYTES, manifest);
  if (!bytes) return [];
  const rows = [];
  let line = 0;
  // Anything after the last line feed was being written when the process died.
  for (let begin = 0, end; (end = bytes.indexOf(10, begin) + 1) > 0; begin = end) {
    line++;
    if (!logs && bytes.subarray(begin, begin + LOG.length).equals(LOG)) continue;
    rows.push({ row: parse(bytes.toString('utf8', begin, end), rowSchema, `${path}, line ${line},`), end });
  }
  return rows;
}

/** What is read of `metrics.jsonl` at a time while it grows. */
const MAX_PIECE_BYTES = 4e6;

/** Where the reading of a file that grows stands. */
export interface MetricsPlace {
  /** Identifies the file: a resumed run replaces it. */
  readonly file: string;
  readonly bytes: number;
}

/** Rows that were appended to `metrics.jsonl`. */
export interface NewMetrics {
  readonly epochs: readonly EpochEvent[];
  readonly logs: readonly LogEvent[];
  readonly place: MetricsPlace;
  /** Whether they begin with the first row: what was read before no longer counts. */
  readonly fromStart: boolean;
  /** Whether there is more to read already. */
  readonly more: boolean;
}

/**
 * Reads the rows that were appended to a run's `metrics.jsonl`, a few megabytes at a time.
 * @param since where the last reading ended; from the start when omitted, or when it was of another file
 * @throws HandgradError `model` when the file is damaged
 */
export async function readNewMetrics(dir: string, since?: MetricsPlace): Promise<NewMetrics> {
  const path = join(dir, RUN_FILES.metrics);
  const refuse = (why: string) => damaged(path, why);
  const handle = await openOwn(path, refuse);
  const nothing = { epochs: [], logs: [], more: false };
  if (!handle) return { ...nothing, place: { file: '', bytes: 0 }, fromStart: true };
  try {
    const { size, ino } = await handle.stat();
    const file = String(ino);
    const fromStart = since?.file !== file || since.bytes > size;
    const begin = fromStart ? 0 : since.bytes;
    const buffer = Buffer.alloc(Math.min(size - begin, MAX_PIECE_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, begin);
    const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
    if (bytesRead === MAX_PIECE_BYTES && end === 0) throw refuse('has a line that is too long');
    const lines = bytesRead === 0 || end === 0 ? [] : buffer.toString('utf8', 0, end).trimEnd().split('\n');
    const rows = lines.map((line) => parse(line, rowSchema, `${path}, at byte ${begin},`));
    return {
      epochs: rows.filter((row) => row.type === 'epoch'),
      logs: rows.filter((row) => row.type === 'log'),
      place: { file, bytes: begin + end },
      fromStart,
      more: begin + end < size && bytesRead === MAX_PIECE_BYTES,
    };
  } finally {
    await handle.close();
  }
}

/**
 * Reads a folder's `config.json`.
 * @param manifest that of the folder, if the file must be as it records it
 * @returns undefined when there is none
 * @throws HandgradError `model` when it is damaged
 */
export async function readRecordedConfig(
  dir: string,
  manifest: Manifest | undefined,
): Promise<Record<string, unknown> | undefined> {
  return readJson(dir, RUN_FILES.config, manifest);
}

async function readJson(
  dir: string,
  name: string,
  manifest: Manifest | undefined,
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readFileOf(dir, name, MAX_JSON_BYTES, manifest);
  return bytes && parse(bytes.toString('utf8'), recordSchema, join(dir, name));
}

/** Reads one of a run's files, which must be as the manifest records it. */
async function readFileOf(
  dir: string,
  name: string,
  maxBytes: number,
  manifest: Manifest | undefined,
): Promise<Buffer | undefined> {
  const path = join(dir, name);
  const bytes = await readOwn(path, maxBytes, (why) => damaged(path, why));
  if (bytes) assertUnchanged(dir, name, bytes, manifest);
  else if (manifest?.files && Object.hasOwn(manifest.files, name)) throw damaged(path, 'is missing');
  return bytes;
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
  throw damaged(where, `is not valid (${path.join('.') || 'the content'}: ${message})`);
}

function damaged(where: string, why: string): HandgradError {
  return new HandgradError('model', `${where} ${why}; restore the file, or give another run.`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The accuracy that epochs are compared by: on the validation samples if there are any, else on the test set. */
export function judgedAccuracy({ valAccuracy, testAccuracy }: EpochEvent): number | undefined {
  return valAccuracy ?? testAccuracy;
}
