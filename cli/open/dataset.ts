import type { DatasetName } from '../../src/data/catalog';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { library } from '../library';
import { downloadScreen } from '../screens/download';
import type { Terminal } from '../terminal/terminal';

/** Fetches a data set of the catalog with a progress bar. */
export async function fetchDataset(
  name: DatasetName,
  { dataDir = defaultDataDir(), source, force }: { dataDir?: string; source?: string; force?: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const { download } = library.download();
  const screen = downloadScreen(terminal);
  try {
    return await download(name, { dataDir, source, force, onEvent: screen.show, signal });
  } finally {
    screen.stop();
  }
}
