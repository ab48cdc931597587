import type { DatasetName } from '../../src/data/catalog';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { download } from '../../src/data/download/download';
import type { Dataset } from '../../src/data/samples';
import type { Config, KeyDeciding } from '../../src/runs/config';
import { openDataset as open } from '../../src/runs/open';
import { downloadScreen } from '../screens/download';
import { openScreen } from '../screens/open';
import type { Terminal } from '../terminal/terminal';

export type DataSettings = Pick<Config, KeyDeciding<'fetching' | 'samples'>>;

/** Loads a data set into memory; downloads it first, with a progress bar, when it is one of the catalog and missing. */
export async function openDataset(settings: DataSettings, terminal: Terminal, signal: AbortSignal): Promise<Dataset> {
  const screen = openScreen(terminal);
  try {
    return await open(settings, { onEvent: screen.show, signal });
  } finally {
    screen.stop();
  }
}

/** Fetches a data set of the catalog with a progress bar. */
export async function fetchDataset(
  name: DatasetName,
  { dataDir = defaultDataDir(), source, force }: { dataDir?: string; source?: string; force?: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const screen = downloadScreen(terminal);
  try {
    return await download(name, { dataDir, source, force, onEvent: screen.show, signal });
  } finally {
    screen.stop();
  }
}
