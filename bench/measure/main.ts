import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Terminal } from '../../cli/terminal/terminal';
import type { BackendName } from '../../src/backends';
import { HandgradError } from '../../src/errors';
import { makeFolder } from '../../src/files/makeFolder';
import { ownContenders } from './contenders';
import { peerContenders, peersFolder } from './peers';
import { draw } from './picture';
import { type BenchResult, summarize, thisMachine, type WorkResult } from './result';
import { type Round, runRound } from './rounds';
import type { Work } from './work';

export { resultTable } from './resultTable';

/** A machine at rest stays below this. */
const BUSY = 0.1;

/** What is to be timed, and how. */
export interface Settings {
  /** The folder of the data set. */
  readonly data: string;
  readonly works: readonly Work[];
  readonly backends: readonly BackendName[];
  readonly rounds: number;
  /** Of each run, where asked for. */
  readonly epochs: number | undefined;
  readonly python: string;
  readonly peers: boolean;
  readonly allowSoftware: boolean;
}

/** Times every work, one after the other. */
export async function measure(settings: Settings, terminal: Terminal, signal: AbortSignal): Promise<BenchResult> {
  const works: WorkResult[] = [];
  for (const work of settings.works) works.push(await measureWork(work, settings, terminal, signal));
  return { machine: thisMachine(), works };
}

async function measureWork(
  work: Work,
  { data, backends, rounds: count, epochs = work.epochs, python, peers, allowSoftware }: Settings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<WorkResult> {
  const own = await ownContenders(work, backends, allowSoftware, signal);
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
  return summarize(work, contenders, rounds, absent);
}

/** Draws a chart of each work into a folder. */
export async function savePictures(folder: string, works: readonly WorkResult[], terminal: Terminal): Promise<void> {
  await makeFolder(folder);
  for (const work of works) {
    const file = path.join(folder, `bench-${work.work}`);
    const { svg, png } = await draw(work);
    await writeFile(`${file}.svg`, svg);
    await writeFile(`${file}.png`, png);
    terminal.notice(`Chart: ${file}.png`);
  }
}
