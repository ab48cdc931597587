import type { BenchResult } from '../../bench/measure/result';
import { WORKS } from '../../bench/measure/work';
import { BACKENDS, type BackendName } from '../../src/backends';
import { isDatasetName } from '../../src/data/catalog';
import { HandgradError } from '../../src/errors';
import { didYouMean, quoted } from '../../src/words';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';
import { keysDeciding } from '../../src/runs/config';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { fetchDataset } from '../open/dataset';
import { createTerminal, type Io } from '../terminal/terminal';

const valued = (describe: string, defaultDescription?: string) =>
  ({ requiresArg: true, nargs: 1, describe, defaultDescription }) as const;

export const command: Command = {
  options: {
    work: valued(`what is timed: ${Object.keys(WORKS).join('|')}, or both in a comma list`, 'post'),
    backends: valued(`a comma list of ${Object.keys(BACKENDS).join('|')}`, 'all that run here'),
    rounds: valued('how often each contender runs, in turn', '3'),
    epochs: valued(
      'epochs of each run',
      Object.values(WORKS)
        .map(({ name, epochs }) => `${name}: ${epochs}`)
        .join(', '),
    ),
    python: valued('in a checkout: a Python with bench/peers/requirements.txt', 'python3'),
    'no-peers': { type: 'boolean', describe: 'only handgrad itself' },
    picture: valued('write a chart of all works into DIR: bench.svg and bench.png'),
    ...settingOptions([...keysDeciding('fetching'), 'allowSoftware']),
    ...OUTPUT_OPTIONS,
  },
  examples: [
    ['bench', "the post's run on every backend here, and by the peers that are installed"],
    ['bench --work post,deep --backends native,wasm --rounds 5 --picture charts', 'two backends, thoroughly'],
  ],
  run: runBench,
};

async function runBench(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const settings = readSettings(args);
  const { config } = await resolveArgs(args, io.env);
  if (!isDatasetName(config.dataset)) throw new Error(`${config.dataset} is not in the catalog`);
  const data = await fetchDataset(config.dataset, config, terminal, io.signal);
  // What measures is loaded when there is something to measure: it brings the drawing of charts with it.
  const bench = require('../../bench/measure/main') as typeof import('../../bench/measure/main');
  const result: BenchResult = await bench.measure({ ...settings, data }, terminal, io.signal);
  const folder = args['picture'] as string | undefined;
  if (folder !== undefined) terminal.notice(`Chart: ${await bench.savePicture(folder, result)}`);
  if (args['json'] === true) return terminal.json(result);
  terminal.result(`${bench.machineText(result.machine)}; ${result.date}`);
  for (const work of result.works) terminal.result(`\n${bench.resultTable(work)}`);
}

function readSettings(args: Args) {
  const list = <Name extends string>(flag: string, names: readonly Name[], standard: readonly Name[]): Name[] => {
    if (args[flag] === undefined) return [...standard];
    return (args[flag] as string).split(',').map((part) => {
      const name = names.find((known) => known === part.trim());
      if (name !== undefined) return name;
      throw new HandgradError('usage', `--${flag} has no ${quoted(part.trim())}; ${didYouMean(part.trim(), names)}`);
    });
  };
  const count = (flag: string, standard: number) => {
    const text = (args[flag] as string | undefined) ?? String(standard);
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= 1 && value <= 1000) return value;
    throw new HandgradError('usage', `--${flag} must be a whole number from 1 to 1000, not ${quoted(text)}.`);
  };
  const backends = Object.keys(BACKENDS) as BackendName[];
  return {
    works: list('work', Object.keys(WORKS) as (keyof typeof WORKS)[], ['post']).map((name) => WORKS[name]),
    backends: list('backends', backends, backends),
    rounds: count('rounds', 3),
    epochs: args['epochs'] === undefined ? undefined : count('epochs', 1),
    python: (args['python'] as string | undefined) ?? 'python3',
    peers: args['no-peers'] !== true,
    allowSoftware: args['allow-software'] === true,
  };
}
