import { pick } from '../../src/runs/config';
import { REPORT, writeReport } from '../../src/reports/writeReport';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { MODEL_SETTINGS } from '../open/model';
import { openScreen } from '../screens/open';
import { createTerminal, type Io } from '../terminal/terminal';

export const command: Command = {
  options: {
    out: {
      requiresArg: true,
      nargs: 1,
      group: 'Output:',
      describe: `the FILE.html to write, else ${REPORT} in the folder of the run; of several runs, here`,
    },
    png: { requiresArg: true, nargs: 1, group: 'Output:', describe: 'write the pictures into DIR as well' },
    quiet: OUTPUT_OPTIONS.quiet,
    ...settingOptions(MODEL_SETTINGS),
  },
  positionals: { PATH: 'a run folder, several, or the folder of a sweep' },
  examples: [
    ['report runs/<run>', 'one page: curves, confusion matrix, mistakes, calibration, weights'],
    ['report runs/<run> --png pictures', 'and the pictures as files'],
    ['report runs/*', 'several runs side by side'],
    ['report sweeps/<sweep>', 'the trials of a sweep'],
  ],
  run: runReporting,
};

async function runReporting(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const { config, given } = await resolveArgs(args, io.env);
  const screen = openScreen(terminal);
  const options = { out: args['out'] as string | undefined, png: args['png'] as string | undefined };
  try {
    const how = { ...options, onEvent: screen.show, signal: io.signal, env: io.env };
    terminal.result(await writeReport(args['PATH'] as string[], pick(config, [...given]), how));
  } finally {
    screen.stop();
  }
}
