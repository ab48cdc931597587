import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultDataDir } from '../src/data/defaultDataDir';
import { EXIT_CODES, HandgradError } from '../src/errors';
import { buildBook } from './build';
import { openInBrowser } from './openInBrowser';
import { serve } from './serve';

// npm run book: writes the site to dist-book/, or to --out; --serve then serves it on this machine, and opens it in the
// default browser where there is a desktop (not with --no-open).

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(__dirname, '../dist-book') },
      dataset: { type: 'string' },
      'data-dir': { type: 'string', default: process.env['HANDGRAD_DATA_DIR'] || defaultDataDir() },
      serve: { type: 'boolean', default: false },
      open: { type: 'boolean', default: true },
      port: { type: 'string', default: '8000' },
    },
    allowNegative: true,
  });
  const { out: folder, dataset, 'data-dir': dataDir } = values;
  await buildBook({ folder, dataDir, ...(dataset !== undefined && { dataset }) });
  console.log(`Wrote ${folder}`);
  if (!values.serve) return;
  const { url } = await serve({ '': folder }, Number(values.port));
  console.log(`Serving it at ${url}/; press Ctrl-C to stop`);
  if (values.open) openInBrowser(`${url}/`);
}

main().catch((error: unknown) => {
  if (!(error instanceof HandgradError)) throw error;
  console.error(error.message);
  process.exitCode = EXIT_CODES[error.kind];
});
