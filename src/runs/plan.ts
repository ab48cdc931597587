import { stat } from 'node:fs/promises';
import type { DatasetKind } from '../data/loadDataset';
import type { Dataset, Samples } from '../data/samples';
import type { TypedTable } from '../data/tables/typedTable';
import { assertSettingsApply } from './assertSettingsApply';
import {
  type Config,
  type ConfigKey,
  environmentSettings,
  type Origin,
  resolveConfig,
  type Resolved,
  type Settings,
  isCrossValidation,
} from './config';
import { foldSettings } from './crossValidation';
import type { OpenOptions } from './events';
import { openModel, type OpenedModel } from './modelConfig';
import { checkDataset, openDataset, openTableOf, tableFor } from './open';
import { assertFreeForRun } from './runFolder';
import { chooseSamples, fitConfig } from './samples';
import { withTableDefaults } from './tableDefaults';
import { assertTaskFits } from './task';

/** The data of a run, and the config that suits it. */
export interface PlannedData {
  readonly config: Config;
  readonly dataset: Dataset;
  /** The samples to train with, and those of a validation split. */
  readonly samples: { readonly train: Samples; readonly validation: Samples | undefined };
  /** The weights of `initFrom`; undefined when they are drawn. */
  readonly start: OpenedModel | undefined;
}

/** What a run would be. */
export interface RunPlan {
  /** The content of its `config.json`. */
  readonly config: Config;
  /** Where each setting of `config` has its value from. */
  readonly origins: ReadonlyMap<ConfigKey, Origin>;
  /** What would be trained; of a cross-validation, its first fold. */
  readonly data: PlannedData;
}

/**
 * Resolves the settings of a run as `startRun` does, and reads its data (downloads it if it is missing); but trains
 * nothing, starts no backend and writes no folder.
 * @param options.dir the folder that the run would get: checked, not created
 * @throws HandgradError 'usage' naming the setting; 'data', 'model', 'storage' as `startRun`
 */
export async function planRun(
  settings: Settings = {},
  options: OpenOptions & { readonly dir?: string } = {},
): Promise<RunPlan> {
  const { dir } = options;
  const reading = await prepareReading(settings, options);
  if (dir !== undefined && (await stat(dir).catch(() => undefined))) await assertFreeForRun(dir);
  return planReading(reading);
}

/**
 * Resolves and checks the settings of a new run, and reads its initial weights; its data is not read yet.
 * @throws HandgradError 'usage' naming the setting; 'model' when `initFrom` is invalid
 */
export async function prepareReading(settings: Settings, options: OpenOptions): Promise<Reading> {
  const { env = process.env } = options;
  const asked = resolveConfig([environmentSettings(env), { values: settings, from: 'options' }]);
  assertSettingsApply(asked.config);
  const kind = await checkDataset(asked.config);
  return { asked, kind, start: await startingWeights(asked.config), options };
}

/** `planRun` after its checks of the settings. */
export async function planReading(reading: Reading): Promise<RunPlan> {
  const { asked, options } = reading;
  if (!isCrossValidation(asked.config)) {
    const { origins, ...data } = await readData(reading);
    return { config: data.config, origins, data };
  }
  const table = reading.table ?? (await openTableOf(asked.config, options));
  const suited = withTableDefaults(asked, table);
  const data = await readData({ ...reading, asked: foldSettings(suited, 1), table });
  return { config: suited.config, origins: allOrigins(suited), data };
}

/** What the data of a run is read for. */
export interface Reading {
  readonly asked: Resolved;
  readonly kind: DatasetKind;
  /** The weights of `initFrom`, if any. */
  readonly start: OpenedModel | undefined;
  readonly options: OpenOptions;
  /** The table, if it has been read. */
  readonly table?: TypedTable;
  /** The data set, if it has been read and is not a table. */
  readonly dataset?: Dataset;
}

/** Reads the data of a run, and suits its config to it. */
export async function readData(reading: Reading): Promise<PlannedData & Pick<RunPlan, 'origins'>> {
  const { start, options } = reading;
  const { dataset, suited } = await openSuited(reading);
  assertTaskFits(suited.config, dataset);
  const samples = chooseSamples(dataset, suited.config);
  const notice = (message: string) => options.onEvent?.({ type: 'notice', message });
  const config = fitConfig(suited, dataset, samples, start, notice);
  return { config, dataset, samples, start, origins: allOrigins({ ...suited, config }, suited.config, start) };
}

/** The weights that a run starts from; undefined when they are drawn. */
export async function startingWeights({ initFrom }: Config): Promise<OpenedModel | undefined> {
  return initFrom === undefined ? undefined : openModel(initFrom);
}

/** The data set, and the config with the defaults that suit it: those of a table depend on its size. */
async function openSuited({ asked, kind, options, table: shared, dataset: read }: Reading) {
  if (kind !== 'table') return { dataset: read ?? (await openDataset(asked.config, kind, options)), suited: asked };
  const table = shared ?? (await openTableOf(asked.config, options));
  const suited = withTableDefaults(asked, table);
  return { dataset: tableFor(table, suited.config), suited };
}

/**
 * The origin of every setting of a config.
 * @param before the config before it was adapted to the data
 */
function allOrigins(
  { config, origins }: Resolved,
  before = config,
  start?: OpenedModel,
): ReadonlyMap<ConfigKey, Origin> {
  const same = (key: ConfigKey) => String(config[key]) === String(before[key]);
  const keys = Object.keys(config) as ConfigKey[];
  return new Map(
    keys.map((key) => {
      const origin = origins.get(key);
      if (same(key)) return [key, origin ?? 'default'];
      return [key, start && (key === 'hidden' || key === 'activation') ? 'initial weights' : 'data'];
    }),
  );
}
