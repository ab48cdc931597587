import { stat } from 'node:fs/promises';
import { catalog, type DatasetEntry, type DatasetName, datasetNames, isDatasetName } from '../../src/data/catalog';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { downloadFiles } from '../../src/data/download/download';
import { loadDataset, loadEntry } from '../../src/data/loadDataset';
import type { Dataset } from '../../src/data/samples';
import { HandgradError } from '../../src/errors';
import { type Config, type KeyDeciding, keysWhere } from '../../src/runs/config';
import { didYouMean, quoted } from '../../src/words';
import { reportDownload } from '../screens/download';
import type { Terminal } from '../terminal/terminal';

export type DataSettings = Pick<Config, KeyDeciding<'fetching' | 'samples'>>;

/** What kind of thing `--dataset` names. */
export type DatasetKind = 'name' | 'folder' | 'file';

/**
 * Looks at what `--dataset` names before anything slow begins.
 * @throws HandgradError 'usage' when it is neither in the catalog nor there
 */
export async function datasetKind(config: Config): Promise<DatasetKind> {
  const { dataset } = config;
  const kind = await kindOf(dataset);
  const misplaced = keysWhere(({ tables }) => tables === true).find((key) => config[key] !== undefined);
  if (kind !== 'file' && misplaced) {
    throw new HandgradError(
      'usage',
      `\`${misplaced}\` is for CSV files, and ${quoted(dataset)} is none; leave it out.`,
    );
  }
  return kind;
}

async function kindOf(dataset: string): Promise<DatasetKind> {
  if (isDatasetName(dataset)) return 'name';
  const found = await stat(dataset).catch(() => undefined);
  if (found?.isDirectory()) return 'folder';
  if (found?.isFile()) return 'file';
  throw new HandgradError(
    'usage',
    `There is no data set, folder or CSV file called ${quoted(dataset)}; ${didYouMean(dataset, datasetNames)}`,
  );
}

/** Loads a data set into memory; downloads it first, with a progress bar, when it is one of the catalog and missing. */
export async function openDataset(settings: DataSettings, terminal: Terminal, signal: AbortSignal): Promise<Dataset> {
  const { dataset, dataDir = defaultDataDir(), labelColumn, testFraction, seed } = settings;
  const reporter = reportDownload(terminal);
  try {
    const how = { dataDir, onEvent: reporter.onEvent, signal };
    if (isDatasetName(dataset)) return await loadEntry(...entryAndSource(dataset, settings.source, how));
    return await loadDataset(dataset, { ...how, labelColumn, testFraction, seed });
  } finally {
    reporter.stop();
  }
}

/** Fetches a data set of the catalog with a progress bar. */
export async function fetchDataset(
  name: DatasetName,
  { dataDir = defaultDataDir(), source, force }: { dataDir?: string; source?: string; force?: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ folder: string; fetched: number }> {
  const reporter = reportDownload(terminal);
  try {
    const how = { dataDir, force, onEvent: reporter.onEvent, signal };
    const folder = await downloadFiles(...entryAndSource(name, source, how));
    return { folder, fetched: reporter.fetched() };
  } finally {
    reporter.stop();
  }
}

/** An address as the source stands for all that the catalog knows: a mirror, which the digests make safe. */
function entryAndSource<How extends object>(
  name: DatasetName,
  source: string | undefined,
  how: How,
): [DatasetEntry, How & { source?: string }] {
  const entry: DatasetEntry = catalog[name];
  if (!/^https?:\/\//i.test(source ?? '')) return [entry, { ...how, source }];
  if (!URL.canParse(source!)) {
    throw new HandgradError(
      'usage',
      `--source must be an address, a folder, auto, http, apt or npm, not ${quoted(source)}.`,
    );
  }
  const url = source!.endsWith('/') ? source! : `${source!}/`;
  return [
    { ...entry, sources: [{ kind: 'http', url }] },
    { ...how, source: 'auto' },
  ];
}
