import { defineCommand, MODEL_SETTINGS, NO_VERIFY, OUTPUT } from '../arguments/command';
import { flag, PATH, restArguments, RUN } from '../arguments/flags';
import { library } from '../library';
import { withOpenScreen } from '../screens/open';

export const command = defineCommand({
  summary: 'render a run, several runs or a sweep to one HTML page',
  arguments: { paths: restArguments(RUN, 'a run folder, several, or the folder of a sweep', { atLeastOne: true }) },
  settings: MODEL_SETTINGS,
  flags: {
    out: flag(PATH, {
      group: 'Output',
      help: 'the FILE.html to write',
      otherwise: 'report.html in the run folder; of several runs, in the working directory',
    }),
    png: flag(PATH, { group: 'Output', help: 'also write the charts as PNG files into DIR' }),
    noVerify: NO_VERIFY,
    quiet: OUTPUT.quiet,
  },
  examples: [
    ['report runs/<run>', 'one page: curves, confusion matrix, mistakes, calibration, weights'],
    ['report runs/<run> --png pictures', 'also the charts as PNG files'],
    ['report runs/*', 'several runs side by side'],
    ['report runs/<sweep>', 'the trials of a sweep'],
  ],
  async run({ paths, out, png, noVerify }, context) {
    const { writeReport } = library.reports();
    const { settings, terminal } = context;
    const options = { out, png, noVerify };
    terminal.result(await withOpenScreen(context, (how) => writeReport(paths, settings, { ...how, ...options })));
  },
});
