import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Background, backgroundOf } from '../data/background';
import type { Dataset, Preparation } from '../data/samples';
import { inputsOf } from '../data/tables/preparation';
import { HandgradError } from '../errors';
import { faultWithin, type Kind, list, number, oneOf, optional, wholeNumber } from '../kinds';
import { isHeld } from '../files/lock';
import { assertUnchanged, type Manifest, MANIFEST, readManifest } from '../files/manifest';
import { readOwn } from '../files/readWhole';
import { type Architecture, checkArchitecture } from '../model/architecture';
import { decodeModel, loadModel, type Model } from '../model/modelFile';
import { MAX_FILE_BYTES } from '../model/safetensors';
import { quoted, shellWord } from '../words';
import { findRun, readRecordedConfig } from './readRun';
import { foldDir, RUN_FILES } from './runFolder';
import {
  type Config,
  CONFIG_KINDS,
  isCrossValidation,
  keyNamed,
  pick,
  RECORDED_KEYS,
  type RecordedKey,
  withDefaults,
} from './config';

/** What using a model needs, beside its settings. */
interface ModelFacts {
  readonly datasetName: string;
  readonly datasetDigest: string;
  readonly classNames: readonly string[];
  readonly imageShape?: readonly [height: number, width: number];
  /** The background of the images, which `predict` matches by inverting files. */
  readonly background?: Background;
  /** Of a table: how its columns become inputs. */
  readonly preparation?: Preparation;
  /** The factor from a stored feature to an input of the network. */
  readonly scale: number;
}

/**
 * What a model file records beside its weights: the settings that affect the model (no local paths), and what using the
 * model needs.
 */
export type ModelConfig = Pick<Config, RecordedKey> & ModelFacts;

const shortText = (length: number): Kind<string> => ({
  rule: `a text of at most ${length} characters`,
  accepts: (value): value is string => typeof value === 'string' && value.length <= length,
});

const FACTS: { readonly [Name in keyof ModelFacts]-?: Kind<ModelFacts[Name]> } = {
  datasetName: shortText(4096),
  datasetDigest: shortText(128),
  classNames: list('a list of names', shortText(Infinity), () => true),
  imageShape: optional(list('a height and a width', wholeNumber(1, 2 ** 31), ({ length }) => length === 2)) as Kind<
    ModelFacts['imageShape']
  >,
  background: optional(oneOf<Background>(['dark', 'light'])),
  preparation: optional({
    rule: 'the preparation of a table',
    accepts: (value): value is Preparation => typeof value === 'object' && value !== null,
  }),
  scale: number('a number above 0', (value) => value > 0),
};

const KINDS: Readonly<Record<string, Kind<unknown>>> = { ...pick(CONFIG_KINDS, RECORDED_KEYS), ...FACTS };

/** A model file, opened. */
export interface OpenedModel {
  readonly path: string;
  readonly parameters: Model['parameters'];
  /** Undefined when another program wrote the file. */
  readonly config: ModelConfig | undefined;
}

/** The settings that model files record. A model file may be passed on, so of a path it has the last part only. */
export function recordedSettings(config: Config): Pick<Config, RecordedKey> {
  return pick(withoutFolders(config), RECORDED_KEYS);
}

/** Settings for what may be passed on, such as a report: of a path, they have the last part only. */
export function withoutFolders<Values extends Readonly<Record<string, unknown>> | Config>(values: Values): Values {
  const { dataset, initFrom } = values;
  const names = Object.entries({ dataset, initFrom }).filter(([, path]) => typeof path === 'string');
  return { ...values, ...Object.fromEntries(names.map(([key, path]) => [key, basename(path as string)])) };
}

/** The config for the model file of a run. */
export function modelConfig(config: Config, dataset: Dataset): ModelConfig {
  const { name, digest, classNames, imageShape, train, preparation } = dataset;
  return {
    ...recordedSettings(config),
    datasetName: name,
    datasetDigest: digest,
    classNames,
    imageShape,
    background: backgroundOf(dataset),
    preparation,
    scale: train.scale,
  };
}

/**
 * Reads the model of a run folder, or a `.safetensors` file.
 * @param options.noVerify accepts a run folder whose model is not the one that its manifest records
 * @throws HandgradError 'model' when it is missing or invalid, or has changed since the run
 */
export async function openModel(path: string, options: { readonly noVerify?: boolean } = {}): Promise<OpenedModel> {
  const { noVerify = false } = options;
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new HandgradError('model', `There is no run folder or model file ${path}; check the path.`);
  const file = found.isDirectory() ? join(path, RUN_FILES.model) : path;
  if (found.isDirectory() && !(await stat(file).catch(() => undefined))) {
    throw await noModel(path);
  }
  const manifest = found.isDirectory() && !noVerify ? await manifestOf(path) : undefined;
  const { parameters, config } = found.isDirectory() ? await loadOwn(path, manifest) : await loadModel(file);
  if (config === undefined) return { path: file, parameters, config };
  const parsed = parseModelConfig(config, file);
  checkFacts(parsed, checkArchitecture(parameters, {}, file), file);
  return { path: file, parameters, config: { ...parsed, ...(await datasetOf(dirname(file), manifest)) } };
}

/** Says why a folder holds no model: it may be a cross-validation, a run that is not finished, or no run. */
async function noModel(dir: string): Promise<HandgradError> {
  const refuse = (why: string) => new HandgradError('model', `${dir} ${why}`);
  const run = await findRun(dir, { logs: false });
  if (!run) return refuse(`holds no ${RUN_FILES.model} and is not a run folder; give another one.`);
  if (await isHeld(dir)) return refuse('is a run that is still training; wait until it ends.');
  const resume = `resume it with "handgrad train --resume ${shellWord(dir)}"`;
  if (isCrossValidation(run.config)) {
    const folds = Array.from({ length: Number(run.config['folds']) || 0 }, (_, i) => foldDir(dir, i + 1));
    const done = folds.filter((fold) => existsSync(join(fold, RUN_FILES.model)));
    return done.length === 0
      ? refuse(`is a cross-validation, and none of its folds has finished; ${resume}.`)
      : refuse(`is a cross-validation, whose models are in ${done.join(', ')}; give one of these.`);
  }
  if (run.end) return refuse(`holds no ${RUN_FILES.model}, although the run has finished; ${resume}.`);
  if (run.diverged !== undefined) return refuse('holds no model, because its training diverged; give another run.');
  const epoch = run.epochs.at(-1)?.epoch ?? 0;
  return refuse(`has stopped ${epoch === 0 ? 'in its first epoch' : `after epoch ${epoch}`}; ${resume}.`);
}

/** The path of a run's data set, which the config beside a model file has, and the model file does not. */
async function datasetOf(dir: string, manifest: Manifest | undefined): Promise<{ readonly dataset?: string }> {
  const { dataset } = (await readRecordedConfig(dir, manifest)) ?? {};
  return typeof dataset === 'string' ? { dataset } : {};
}

/** The manifest of a run folder whose model is used. */
async function manifestOf(dir: string): Promise<Manifest> {
  const manifest = await readManifest(dir);
  if (manifest) return manifest;
  throw new HandgradError(
    'model',
    `${dir} has no ${MANIFEST}, so its model is not verified; give ${RUN_FILES.model} itself, or use \`noVerify\`.`,
  );
}

/** Reads the model of a run folder. @param manifest if the model must be the one that it records */
async function loadOwn(dir: string, manifest: Manifest | undefined): Promise<Model> {
  const file = join(dir, RUN_FILES.model);
  const refuse = (why: string, cause?: unknown) =>
    new HandgradError('model', `${file} ${why}; give another run.`, { cause });
  const bytes = await readOwn(file, MAX_FILE_BYTES, refuse);
  if (!bytes) throw refuse('is missing');
  assertUnchanged(dir, RUN_FILES.model, bytes, manifest);
  return decodeModel(bytes, file);
}

/** What a file says about its model must fit its tensors: what uses the model trusts it. */
function checkFacts({ classNames, imageShape, preparation }: ModelFacts, found: Architecture, file: string): void {
  const { numInputs, numOutputs } = found;
  if (imageShape && imageShape[0] * imageShape[1] !== numInputs) {
    throw invalid(file, `imageShape is ${imageShape.join(' x ')}, but the network has ${numInputs} inputs`);
  }
  const prepared = preparation?.inputs.reduce((sum, column) => sum + inputsOf(column), 0) ?? numInputs;
  if (prepared !== numInputs) {
    throw invalid(file, `preparation gives ${prepared} inputs, but the network has ${numInputs}`);
  }
  const targets = preparation?.targets;
  if (targets) {
    if (targets.length === numOutputs && classNames.length === 0) return;
    throw invalid(file, `preparation has ${targets.length} targets, but the network has ${numOutputs} outputs`);
  }
  if (classNames.length !== numOutputs) {
    throw invalid(file, `classNames has ${classNames.length} names, but the network has ${numOutputs} outputs`);
  }
  const twice = classNames.find((name, index) => classNames.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(file, `classNames has ${quoted(twice)} twice`);
}

function invalid(file: string, why: string): HandgradError {
  return new HandgradError('model', `${file} contains an invalid config (${why}); save it again.`);
}

/**
 * Validates the config in a model file or a checkpoint.
 * @throws HandgradError 'model' when it is invalid
 */
export function parseModelConfig(config: unknown, file: string): ModelConfig {
  const content = Object.entries(typeof config === 'object' && config !== null ? config : {});
  const values = Object.fromEntries(
    content.map(([name, value]) => [Object.hasOwn(KINDS, name) ? name : (keyNamed(name) ?? name), value]),
  );
  const fault = faultWithin(KINDS, values) ?? preparationFault(values['preparation']);
  if (!fault)
    return { ...pick(withDefaults(values), RECORDED_KEYS), ...pick(values, Object.keys(FACTS)) } as ModelConfig;
  const { key, rule, found } = fault;
  throw invalid(file, `${key} must be ${rule}, not ${quoted(found)}`);
}

function preparationFault(preparation: unknown) {
  if (preparation === undefined) return undefined;
  // Loaded for tables only.
  const { preparationSchema } =
    require('../data/tables/preparationSchema') as typeof import('../data/tables/preparationSchema');
  const [issue] = preparationSchema.safeParse(preparation).error?.issues ?? [];
  return issue && { key: ['preparation', ...issue.path].join('.'), rule: 'valid', found: issue.message };
}

/**
 * Checks that a model's network fits a data set.
 * @param numHiddens the expected widths, if any
 * @returns the widths of its hidden layers
 * @throws HandgradError 'model' with what is expected and what was found
 */
export function checkModel(
  { parameters, path }: OpenedModel,
  { numInputs, numOutputs }: Pick<Dataset, 'numInputs' | 'numOutputs'>,
  numHiddens?: readonly number[],
): readonly number[] {
  return checkArchitecture(parameters, { numInputs, numOutputs, numHiddens }, path).numHiddens;
}
