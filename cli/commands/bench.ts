import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BACKENDS, type BackendName } from '../../src/backends';
import { isDatasetName } from '../../src/data/catalogue';
import { HandgradError } from '../../src/errors';
import { makeFolder } from '../../src/files/makeFolder';
import { ownContenders } from '../bench/contenders';
import { peerContenders, peersFolder } from '../bench/peers';
import { draw } from '../bench/picture';
import { resultTable } from '../bench/resultTable';
import { type BenchResult, summarise, thisMachine, type WorkResult } from '../bench/result';
import { type Round, runRound } from '../bench/rounds';
import { type Work, WORKS } from '../bench/work';
import { fetchDataset } from '../dataset';
import { didYouMean } from '../nearest';
import { type Args, resolveConfig, settingOptions } from '../options';
import { quoted } from '../terminal/format';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import { type Command, OUTPUT_OPTIONS } from './command';

/** A machine at rest stays below this. */
const BUSY = 0.1;

const valued = (describe: string, defaultDescription?: string) =>
  ({ requiresArg: true, nargs: 1, describe, defaultDescription }) as const;

export const command: Command = {
  options: {
    work: valued(`what is timed: ${Object.keys(WORKS).join('|')}, or both in a comma list`, 'post'),
    engines: valued(`a comma list of ${Object.keys(BACKENDS).join('|')}`, 'all that run here'),
    rounds: valued('how often each contender runs, in turn', '3'),
    epochs: valued(
      'epochs of each run',
      Object.values(WORKS)
        .map(({ name, epochs }) => `${name}: ${epochs}`)
        .join(', '),
    ),
    python: valued('in a checkout: a Python with bench/peers/requirements.txt', 'python3'),
    'no-peers': { type: 'boolean', describe: 'only handgrad itself' },
    picture: valued('write a chart of each work into DIR, as SVG and PNG'),
    ...settingOptions(['dataDir', 'allowSoftware']),
    ...OUTPUT_OPTIONS,
  },
  examples: [
    ['bench', "the post's run on every engine here, and by the peers that are installed"],
    ['bench --work post,deep --engines native,wasm --rounds 5 --picture charts', 'two engines, thoroughly'],
  ],
  run: runBench,
};

interface Settings {
  readonly works: readonly Work[];
  readonly engines: readonly BackendName[];
  readonly rounds: number;
  /** Of each run, where asked for. */
  readonly epochs: number | undefined;
  readonly python: string;
  readonly peers: boolean;
  readonly allowSoftware: boolean;
}

async function runBench(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const settings = readSettings(args);
  const { config } = await resolveConfig(args, io.env);
  if (!isDatasetName(config.dataset)) throw new Error(`${config.dataset} is not in the catalogue`);
  const { folder: data } = await fetchDataset(config.dataset, config, terminal, io.signal);
  const works: WorkResult[] = [];
  for (const work of settings.works) works.push(await benchWork(work, data, settings, terminal, io.signal));
  const result: BenchResult = { machine: thisMachine(), works };
  const folder = args['picture'] as string | undefined;
  if (folder !== undefined) await savePictures(folder, works, terminal);
  if (args['json'] === true) return terminal.json(result);
  for (const one of works) terminal.result(resultTable(one));
}

function readSettings(args: Args): Settings {
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
  const engines = Object.keys(BACKENDS) as BackendName[];
  return {
    works: list('work', Object.keys(WORKS) as (keyof typeof WORKS)[], ['post']).map((name) => WORKS[name]),
    engines: list('engines', engines, engines),
    rounds: count('rounds', 3),
    epochs: args['epochs'] === undefined ? undefined : count('epochs', 1),
    python: (args['python'] as string | undefined) ?? 'python3',
    peers: args['no-peers'] !== true,
    allowSoftware: args['allow-software'] === true,
  };
}

async function benchWork(
  work: Work,
  data: string,
  { engines, rounds: count, epochs = work.epochs, python, peers, allowSoftware }: Settings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<WorkResult> {
  const own = await ownContenders(work, engines, allowSoftware, signal);
  const folder = peers ? peersFolder() : undefined;
  const tfjsNode = own.present.find((contender) => contender.tfjsNode)?.tfjsNode;
  const others =
    folder === undefined ? undefined : await peerContenders(work, { folder, python, data, tfjsNode }, signal);
  const contenders = [...own.present, ...(others?.present ?? [])];
  const absent = [...own.absent, ...(others?.absent ?? [])];
  for (const { name, reason } of absent) terminal.notice(terminal.err.dim(`Without ${name}: ${reason}`));
  if (contenders.length === 0) {
    const reasons = absent.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
    throw new HandgradError('backend', `There is nobody to time on the ${work.name} work (${reasons}).`);
  }
  const rounds: Round[] = [];
  while (rounds.length < count) {
    const number = rounds.length + 1;
    const onContender = (name: string) => terminal.notice(`${work.name}, round ${number} of ${count}: ${name}`);
    const round = await runRound(number, contenders, work, { data, epochs, onContender }, signal);
    rounds.push(round);
    if (round.busyBefore > BUSY) {
      const share = `${(100 * round.busyBefore).toFixed(0)}%`;
      terminal.warning(`Other processes took ${share} of the machine before this round: do not trust its figures.`);
    }
  }
  return summarise(work, contenders, rounds, absent);
}

async function savePictures(folder: string, works: readonly WorkResult[], terminal: Terminal): Promise<void> {
  await makeFolder(folder);
  for (const work of works) {
    const file = path.join(folder, `bench-${work.work}`);
    const { svg, png } = await draw(work);
    await writeFile(`${file}.svg`, svg);
    await writeFile(`${file}.png`, png);
    terminal.notice(`Chart: ${file}.png`);
  }
}
