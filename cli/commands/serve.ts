import { once } from 'node:events';
import { wholeNumber } from '../../src/kinds';
import { defineCommand, OUTPUT } from '../arguments/command';
import { flag, optionalArgument, PATH } from '../arguments/flags';
import { library } from '../library';

export const command = defineCommand({
  summary: 'show the runs of a folder as a live page on this machine',
  arguments: { dir: optionalArgument(PATH, 'a folder of runs (default runs)') },
  flags: {
    port: flag(wholeNumber(0, 65_535), {
      group: 'Output',
      help: 'the port on 127.0.0.1; 0 for a free one',
      default: 4280,
    }),
    quiet: OUTPUT.quiet,
  },
  examples: [
    ['serve', 'the runs in runs/, with curves that update while they train'],
    ['serve --port 0', 'on a free port'],
  ],
  async run({ dir, port }, { terminal, signal }) {
    const served = await library.collection().serveRuns(dir, { port });
    try {
      terminal.result(served.url);
      terminal.notice('Open this address in a browser; press Ctrl-C to stop.');
      if (!signal.aborted) await once(signal, 'abort');
      signal.throwIfAborted();
    } finally {
      await served.close();
    }
  },
});
