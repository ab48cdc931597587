import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomicFile';
import { HandgradError } from '../errors';
import { readWhole } from '../files/readWhole';
import { inputColumns } from '../inference/inputColumns';
import { regressionFigures, scoreSamples } from '../inference/scoreSamples';
import { useModel, type UseOptions, type UseSettings } from '../inference/useModel';
import { readParameters } from '../model/parameters';
import { isCrossValidation } from '../runs/config';
import { writeExport } from '../model/export/exported';
import { findRun, isRunFolder, readRun, type RunData } from '../runs/readRun';
import { foldDir, RUN_FILES } from '../runs/runFolder';
import { dataIterator } from '../training/batches';
import { evaluationBatchSize } from '../training/evaluate';
import { permutationImportance } from '../training/permutationImportance';
import { predictValues } from '../training/predictValues';
import { predictClasses } from '../training/predictClasses';
import { createTurn } from '../training/turn';
import { compareReport, compareRuns, type Comparison } from './compareReport';
import { bestRunsOf, compareSweep, isSweepFolder } from './compareSweep';
import { examine, examineValues } from './examination';
import { comparisonPictures, runPictures } from './pictures';
import { GENERATOR } from './html';
import { MOST_MISTAKES, runReport, type Trained } from './runReport';

/** The default name of a report. */
export const REPORT = 'report.html';
/** The size limit of a report that is replaced. */
const MAX_PAGE_BYTES = 512e6;

/** Where a report is written. */
export interface ReportOptions extends UseOptions {
  /**
   * The page to write; `report.html` in the folder of the run or sweep by default,
   * or in the working directory for several runs.
   */
  readonly out?: string;
  /** A folder for its pictures as PNG files; none are written without it. */
  readonly png?: string;
}

/**
 * Writes the report of a run, of several runs side by side, or of a sweep: one self-contained page. Beside other runs,
 * a sweep is represented by its best trials, and folders that hold neither are left out with a notice.
 * An existing report is replaced, and nothing else.
 * @param paths a run folder, several, or the folder of a sweep
 * @param settings the data and the backend to evaluate a single run with; the run's by default
 * @returns the page that was written
 * @throws HandgradError 'model' for a folder of another kind or damaged contents; 'usage', 'data', 'backend' when the
 *   network cannot be evaluated; 'storage'
 */
export async function writeReport(
  paths: string | readonly string[],
  settings: UseSettings = {},
  options: ReportOptions = {},
): Promise<string> {
  const folders = typeof paths === 'string' ? [paths] : paths;
  const [first, ...others] = folders;
  if (first === undefined)
    throw new HandgradError('usage', 'A report needs a folder of a run or a sweep; give `paths`.');
  const out = options.out ?? (others.length === 0 ? join(first, REPORT) : REPORT);
  await assertReplaceable(out);
  const { comparison, run } = await readFolders(folders, options);
  if (comparison) {
    await writeFileAtomic(out, await compareReport(comparison));
    if (options.png !== undefined) {
      await writeExport(options.png, await comparisonPictures(comparison), { force: true });
    }
    return out;
  }
  const trained = run.hasModel ? await examined(first, settings, options) : undefined;
  if (!run.hasModel) {
    const message = `${first} has no ${RUN_FILES.model} yet: the report shows its curves only.`;
    options.onEvent?.({ type: 'notice', message });
  }
  await writeFileAtomic(out, await runReport(run, trained));
  if (options.png !== undefined) await writeExport(options.png, await runPictures(run, trained), { force: true });
  return out;
}

/**
 * Reads several runs to stand side by side: the best trials of each sweep, and no strangers, which are left out with a
 * notice. A single sweep is compared with all of its trials, a single cross-validation with its folds.
 * @returns undefined for a single run, which has nothing beside it
 * @throws HandgradError 'model' when none of the folders holds a run, or one is damaged
 */
export async function compareFolders(
  folders: readonly string[],
  options: Pick<ReportOptions, 'onEvent'> = {},
): Promise<Comparison | undefined> {
  return (await readFolders(folders, options)).comparison;
}

/** What a report is of: several runs that stand side by side, or a single one. */
type Subject =
  | { readonly comparison: Comparison; readonly run?: undefined }
  | { readonly run: RunData; readonly comparison?: undefined };

/** `compareFolders`, which also gives a single run: its records may be large, and are read only once. */
export async function readFolders(
  folders: readonly string[],
  options: Pick<ReportOptions, 'onEvent'> = {},
): Promise<Subject> {
  const [first, ...others] = folders;
  if (first === undefined || others.length > 0) return { comparison: compareRuns(await runsIn(folders, options)) };
  if (await isSweepFolder(first)) return { comparison: await compareSweep(first) };
  await refuseStranger(first);
  const single = await readRun(first);
  if (!isCrossValidation(single.config)) return { run: single };
  const runs: RunData[] = [];
  for (let fold = 1; fold <= Number(single.config['folds']); fold++) {
    const run = await findRun(foldDir(first, fold));
    // The others have not started.
    if (!run) break;
    runs.push(run);
  }
  return { comparison: compareRuns(runs) };
}

/** The runs in several folders, as a pattern such as runs/* gives them: the best of each sweep, and no strangers. */
async function runsIn(folders: readonly string[], { onEvent }: Pick<ReportOptions, 'onEvent'>): Promise<RunData[]> {
  const runs: RunData[] = [];
  const left: string[] = [];
  for (const folder of folders) {
    if (await isSweepFolder(folder)) runs.push(...(await bestRunsOf(folder)));
    else if (await isRunFolder(folder)) runs.push(await readRun(folder));
    else left.push(folder);
  }
  if (runs.length === 0) {
    throw new HandgradError('model', `None of ${left.join(', ') || 'these sweeps'} holds a run; give folders of runs.`);
  }
  const missing = left.filter((folder) => !existsSync(folder));
  const strangers = left.filter((folder) => !missing.includes(folder));
  for (const [those, why] of [
    [missing, 'do not exist'],
    [strangers, 'are neither runs nor sweeps'],
  ] as const) {
    const message = `Left out, because they ${why}: ${those.join(', ')}.`;
    if (those.length > 0) onEvent?.({ type: 'notice', message });
  }
  return runs;
}

async function refuseStranger(path: string): Promise<void> {
  if (await isRunFolder(path)) return;
  if (!existsSync(path)) throw new HandgradError('model', `There is no run or sweep folder ${path}; check the path.`);
  throw new HandgradError(
    'model',
    `${path} is neither a run nor a sweep folder: it holds no ${RUN_FILES.config}; give another one.`,
  );
}

/** Only a page that is a report is replaced. */
async function assertReplaceable(path: string): Promise<void> {
  const refuse = (why: string) =>
    new HandgradError('usage', `${path} ${why}, and is not replaced; choose another page with \`out\`.`);
  const page = await readWhole(path, MAX_PAGE_BYTES, refuse);
  if (page && !page.includes(GENERATOR)) throw refuse('is not a report of handgrad');
}

/** With more inputs, shuffling one of them says little. */
const MOST_COLUMNS = 200;

/** Evaluates the network of a run on the test set. */
async function examined(dir: string, settings: UseSettings, options: ReportOptions): Promise<Trained> {
  const used = await useModel(dir, settings, options);
  const { network, dataset, backend, classNames, close } = used;
  try {
    const { test, imageShape, numOutputs: k, targets } = dataset;
    const turn = createTurn(options.signal);
    const testIter = dataIterator(test, evaluationBatchSize(network));
    const groups = inputColumns(dataset);
    const columns =
      groups.length === 0 || groups.length > MOST_COLUMNS
        ? []
        : await permutationImportance(test, groups, (samples) => scoreSamples(used, samples), { turn });
    const parameters = await readParameters(network);
    const common = { test, imageShape, parameters, backend: backend.name, columns };
    if (targets) {
      const names = targets.map(({ name }) => name);
      const outputs = examineValues(await predictValues(testIter, network, targets, turn), names, MOST_MISTAKES);
      return { ...common, task: 'regression', outputs, figures: await regressionFigures(used, test) };
    }
    const found = await predictClasses(testIter, network, turn);
    const examination = await examine({ ...found, labels: test.labels, k }, MOST_MISTAKES, turn);
    return { ...common, task: 'classification', examination, classNames };
  } finally {
    close();
  }
}
