import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../../src/errors';
import { writeExport } from '../../src/model/export/exported';
import { writeFileAtomic } from '../../src/files/atomicFile';
import { compareReport, compareRuns, type Comparison } from '../../src/reports/compareReport';
import { comparisonPictures } from '../../src/reports/pictures';
import { isRunFolder, readRun } from '../../src/runs/readRun';
import type { Trained } from '../../src/reports/runReport';
import { readParameters } from '../../src/model/parameters';
import { RUN_FILES } from '../../src/runs/runFolder';
import { compareSweep, isSweepFolder } from '../../src/reports/compareSweep';
import { type Args, settingOptions } from '../arguments/options';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import { MODEL_SETTINGS, useModel } from '../open/model';
import { examineNetwork, writeRunReport } from '../../src/reports/writeReport';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

const REPORT = 'report.html';

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
  const paths = args['PATH'] as string[];
  const out = args['out'] as string | undefined;
  const pngDir = args['png'] as string | undefined;
  const sweep = paths.length === 1 && (await isSweepFolder(paths[0]!));
  for (const path of sweep ? [] : paths) await refuseStranger(path);
  const target = out ?? (paths.length === 1 ? join(paths[0]!, REPORT) : REPORT);
  if (sweep) {
    await writeComparison(await compareSweep(paths[0]!), target, pngDir);
  } else if (paths.length === 1) {
    const trained = await examineRun(paths[0]!, args, terminal, io);
    await writeRunReport(paths[0]!, trained, { out: target, pngDir });
  } else {
    const runs = [];
    for (const path of paths) runs.push(await readRun(path));
    await writeComparison(compareRuns(runs), target, pngDir);
  }
  terminal.result(target);
}

async function writeComparison(comparison: Comparison, out: string, pngDir: string | undefined): Promise<void> {
  await writeFileAtomic(out, await compareReport(comparison));
  if (pngDir !== undefined) await writeExport(pngDir, await comparisonPictures(comparison), { force: true });
}

async function refuseStranger(path: string): Promise<void> {
  if (await isRunFolder(path)) return;
  throw new HandgradError(
    'model',
    `${path} is the folder of no run or sweep: it holds no ${RUN_FILES.config}; give another one.`,
  );
}

/** What the network of a run does; undefined, with a notice, while there is none. */
async function examineRun(dir: string, args: Args, terminal: Terminal, io: Io): Promise<Trained | undefined> {
  if (!(await stat(join(dir, RUN_FILES.model)).catch(() => undefined))) {
    terminal.warning(`${dir} has no ${RUN_FILES.model} yet: the report shows its curves only.`);
    return undefined;
  }
  const { network, dataset, backend, classNames } = await useModel({ ...args, MODEL: dir }, terminal, io);
  try {
    const parameters = await readParameters(network);
    const { activation } = network;
    return await examineNetwork({ parameters, activation, dataset, classNames, backend: backend.name });
  } finally {
    tf.dispose(network);
  }
}
