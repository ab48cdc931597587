import type { RunOrder } from '../../src/collection/chooseRuns';
import type { RemovableRun } from '../../src/collection/removeRun';
import { HandgradError } from '../../src/errors';
import { choice, list, text } from '../../src/kinds';
import { formatBytes, plural } from '../../src/words';
import { type Context, defineCommand, OUTPUT } from '../arguments/command';
import { argument, flag, repeatedFlag, restArguments, RUN, toggle } from '../arguments/flags';
import { flagName } from '../arguments/flagNames';
import { library } from '../library';
import { withOpenScreen } from '../screens/open';
import { ask, canAsk } from '../terminal/ask';

/** The screens of this command, loaded on first use. */
const screens = () => require('../screens/runs') as typeof import('../screens/runs');

/** The folder of all runs. */
const RUN_ROOT = 'runs';

type Action = 'list' | 'compare' | 'rm';
const ACTION = choice<Action>({
  list: 'the runs and sweeps in a folder',
  compare: 'settings that differ, metrics and curves',
  rm: 'removes the files that handgrad wrote',
});

const ORDER = choice<RunOrder>({
  started: 'the newest first',
  changed: 'the last one that wrote a result first',
  name: 'by name, or by folder where there is none',
  dataset: 'by data set',
  state: 'by state',
  epochs: 'the longest first',
  seconds: 'the slowest first',
  best: 'the best first',
});

const CONDITION = 'KEY=VALUE or KEY!=VALUE, or a list of them';
const CONDITIONS = list(
  CONDITION,
  text(CONDITION, (given) => /^[\w-]+!?=/.test(given)),
  ({ length }) => length > 0,
);

export const command = defineCommand({
  summary: 'list the runs of a folder, compare some, or remove them',
  arguments: {
    action: argument(ACTION, 'list, compare or rm'),
    paths: restArguments(RUN, 'for list: a folder of runs (default runs); for compare and rm: runs and sweeps', {
      atLeastOne: false,
    }),
  },
  flags: {
    sort: flag(ORDER, {
      group: 'Output',
      help: 'list: the order: started|changed|name|dataset|state|epochs|seconds|best',
      otherwise: 'started',
    }),
    reverse: toggle({ group: 'Output', help: 'list: in the opposite order' }),
    filter: repeatedFlag(CONDITIONS, {
      group: 'Output',
      help: 'list: only runs with tag=, name=, state=, kind= or a SETTING=VALUE; != excludes, * stands for any text',
    }),
    yes: toggle({ group: 'Output', help: 'rm: do not ask' }),
    ...OUTPUT,
  },
  examples: [
    ['runs list', 'all runs and sweeps in runs/, the newest first'],
    ['runs list --sort best --filter tag=baseline,dataset=iris.csv', 'some of them, the best first'],
    ['runs compare runs/<run> runs/<run>', 'settings that differ, metrics and curves'],
    ['runs rm runs/<run>', 'asks, then removes what the run has written'],
  ],
  async run(values, context) {
    const { action, paths } = values;
    refuseFlagsOfOthers(action, values);
    if (action === 'list') await listCommand(paths, values, context);
    else if (action === 'compare') await compareCommand(paths, values.json, context);
    else await removeCommand(paths, values, context);
  },
});

const FLAGS_OF: Readonly<Record<Action, readonly string[]>> = {
  list: ['sort', 'reverse', 'filter'],
  compare: [],
  rm: ['yes'],
};

function refuseFlagsOfOthers(action: Action, values: Readonly<Record<string, unknown>>): void {
  const others = Object.values(FLAGS_OF)
    .flat()
    .filter((name) => !FLAGS_OF[action].includes(name));
  const given = others.find((name) => (Array.isArray(values[name]) ? values[name].length > 0 : values[name]));
  if (given === undefined) return;
  throw new HandgradError('usage', `runs ${action} has no flag --${flagName(given)}; see handgrad runs --help.`);
}

async function listCommand(
  [dir, second]: readonly string[],
  {
    sort = 'started',
    reverse,
    filter,
    json,
  }: { sort?: RunOrder; reverse: boolean; filter: readonly string[]; json: boolean },
  { terminal }: Context,
): Promise<void> {
  if (second !== undefined) throw new HandgradError('usage', 'runs list takes one folder of runs; give a single one.');
  const { filterRuns, listRuns, sortRuns } = library.collection();
  const { runs, leftOut } = await listRuns(dir ?? RUN_ROOT).catch((error: unknown) => {
    if (dir !== undefined || !isMissing(error)) throw error;
    return { runs: [], leftOut: [] };
  });
  const chosen = sortRuns(filterRuns(runs, filter), sort, { reverse });
  screens().showList({ runs: chosen, leftOut, isFiltered: chosen.length < runs.length }, terminal, { json });
}

/** Before the first run there is no folder of runs. */
function isMissing(error: unknown): boolean {
  return error instanceof HandgradError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

async function compareCommand(paths: readonly string[], json: boolean, context: Context): Promise<void> {
  const folders = await foldersOf(paths, 'compare');
  const { compareFolders } = library.collection();
  const comparison = await withOpenScreen(context, (how) => compareFolders(folders, how));
  if (!comparison || comparison.items.length < 2) {
    throw new HandgradError('usage', 'runs compare needs two runs or more, or a sweep; give another folder.');
  }
  screens().showComparison(comparison, context.terminal, { json });
}

async function removeCommand(
  paths: readonly string[],
  { yes, json }: { yes: boolean; json: boolean },
  { terminal, io, signal }: Context,
): Promise<void> {
  const folders = await foldersOf(paths, 'rm');
  const { findRemovable, removeRun } = library.collection();
  const found: RemovableRun[] = [];
  // Before anything is removed.
  for (const folder of folders) found.push(await findRemovable(folder));
  if (!yes) {
    if (!canAsk(io)) {
      throw new HandgradError('usage', 'runs rm asks on a terminal only; to remove without being asked, give --yes.');
    }
    for (const one of found) terminal.question(wouldRemove(one));
    if (!(await ask(`Remove ${found.length === 1 ? 'it' : `all ${found.length}`}?`, io))) {
      return terminal.notice('Nothing was removed.');
    }
  }
  for (const { dir } of found) {
    signal.throwIfAborted();
    const { kind, files, bytes, kept } = await removeRun(dir);
    if (json) terminal.json({ dir, kind, files: files.length, bytes, kept });
    else terminal.result(`Removed ${dir} (${plural(files.length, 'file')}, ${formatBytes(bytes)})`);
    if (kept.length > 0) {
      const named = kept.slice(0, 3).join(', ') + (kept.length > 3 ? ', …' : '');
      terminal.warning(`${dir} is kept, because it holds files that handgrad did not write: ${named}`);
    }
  }
}

function wouldRemove({ dir, kind, files, bytes, kept }: RemovableRun): string {
  const stays =
    kept.length === 0 ? '' : `; ${plural(kept.length, 'file')} of others ${kept.length === 1 ? 'stays' : 'stay'}`;
  return `${dir}: a ${kind} of ${plural(files.length, 'file')}, ${formatBytes(bytes)}${stays}`;
}

/** Runs may be named by their folder alone if that is in runs/. */
async function foldersOf(paths: readonly string[], action: Action): Promise<string[]> {
  if (paths.length === 0) throw new HandgradError('usage', `runs ${action} needs runs: give their folders.`);
  const { findFolder } = library.collection();
  return Promise.all([...new Set(paths)].map((path) => findFolder(path, RUN_ROOT)));
}
