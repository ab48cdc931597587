import type { DatasetName } from '../../src/data/catalog';
import type { DownloadEvent } from '../../src/data/download/download';
import { formatBytes, plural } from '../../src/words';
import { library } from '../library';
import { createProgressBar } from '../terminal/progressBar';
import type { Screen, Terminal } from '../terminal/terminal';

/** Shows a download: a progress bar per file on a terminal, and a line per source that is tried. */
export function downloadScreen(terminal: Terminal): Screen<DownloadEvent> {
  const bar = createProgressBar(terminal);
  let current = '';
  let started = 0;
  let trying = false;
  const handlers: { [Type in DownloadEvent['type']]: (event: Extract<DownloadEvent, { type: Type }>) => void } = {
    source({ dataset, source }) {
      trying = true;
      current = '';
      terminal.notice(`Fetching ${dataset} from ${source}`);
    },
    step({ step }) {
      bar.stop();
      terminal.notice(terminal.err.dim(`  ${step}`));
    },
    progress({ file, bytes, totalBytes }) {
      if (file !== current) {
        current = file;
        started = performance.now();
        bar.start(`  ${file.padEnd(24)}`, totalBytes);
      }
      const rate = bytes / Math.max(1e-3, (performance.now() - started) / 1000);
      bar.update(bytes, `${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${formatBytes(rate)}/s`);
    },
    failed({ source, reason }) {
      bar.stop();
      terminal.warning(`${source} ${reason}.`);
    },
    done({ dataset, folder, fetched: count }) {
      bar.stop();
      if (trying) terminal.notice(`${plural(count, 'file')} of ${dataset} verified and saved in ${folder}`);
    },
  };
  return {
    show: (event) => (handlers[event.type] as (event: DownloadEvent) => void)(event),
    stop: () => bar.stop(),
  };
}

/** Downloads a data set of the catalog, and shows its progress. */
export async function fetchDataset(
  name: DatasetName,
  { dataDir, source, force }: { dataDir?: string; source?: string; force?: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const screen = downloadScreen(terminal);
  try {
    return await library.download().download(name, { dataDir, source, force, onEvent: screen.show, signal });
  } finally {
    screen.stop();
  }
}
