import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Terminal } from '../../cli/terminal/terminal';
import type { BackendName } from '../../src/backends';
import { HandgradError } from '../../src/errors';
import { makeFolder } from '../../src/files/makeFolder';
import { ownContenders } from './contenders';
import { thisMachine } from './machine';
import { peerContenders, peersFolder } from './peers';
import { draw } from './picture';
import { type BenchResult, summarize, type WorkResult } from './result';
import { inTemporaryFolder, type Round, runRound } from './rounds';
import type { Work } from './work';

export { machineText } from './machine';
export { resultTable } from './resultTable';

/** An idle machine stays below this. */
const BUSY = 0.1;

/** What to time, and how. */
export interface Settings {
  /** The folder of the data set. */
  readonly data: string;
  readonly works: readonly Work[];
  readonly backends: readonly BackendName[];
  readonly rounds: number;
  /** Of each run, if given. */
  readonly epochs: number | undefined;
  readonly python: string;
  readonly peers: boolean;
  readonly allowSoftware: boolean;
}

/** Times every work in turn. */
export async function measure(settings: Settings, terminal: Terminal, signal: AbortSignal): Promise<BenchResult> {
  const works: WorkResult[] = [];
  for (const work of settings.works) {
    works.push(await inTemporaryFolder((scratch) => measureWork(work, settings, scratch, terminal, signal)));
  }
  return { date: new Date().toISOString().slice(0, 10), machine: thisMachine(), works };
}

async function measureWork(
  work: Work,
  { data, backends, rounds: count, epochs = work.epochs, python, peers, allowSoftware }: Settings,
  scratch: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<WorkResult> {
  const own = await ownContenders(work, backends, allowSoftware, signal);
  const folder = peers ? peersFolder() : undefined;
  const gpu = own.present.some(({ backend }) => backend === 'cuda');
  const peerSettings = { python, data, gpu, scratch, tfjsNode: own.tfjsNode };
  const others = folder === undefined ? undefined : await peerContenders(work, { folder, ...peerSettings }, signal);
  const contenders = [...own.present, ...(others?.present ?? [])];
  const absent = [...own.absent, ...(others?.absent ?? [])];
  for (const { name, reason } of absent) terminal.notice(terminal.err.dim(`Without ${name}: ${reason}`));
  const rounds: Round[] = [];
  let remaining = contenders;
  while (rounds.length < count && remaining.length > 0) {
    const number = rounds.length + 1;
    const onContender = (name: string) => terminal.notice(`${work.name}, round ${number} of ${count}: ${name}`);
    const round = await runRound(number, remaining, work, { data, epochs, onContender }, signal);
    rounds.push(round);
    for (const { name, reason } of round.failed) terminal.warning(`${name} is skipped from now on: ${reason}`);
    absent.push(...round.failed);
    remaining = remaining.filter(({ name }) => !round.failed.some((failed) => failed.name === name));
    if (round.busyBefore > BUSY) {
      const share = `${(100 * round.busyBefore).toFixed(0)}%`;
      terminal.warning(`Other processes took ${share} of the machine before this round: its timings are unreliable.`);
    }
  }
  const result = summarize(work, contenders, rounds, absent);
  if (result.rows.length > 0) return result;
  const reasons = absent.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new HandgradError('backend', `No backend and no peer can run the ${work.name} work here (${reasons}).`);
}

/** Draws all works into one chart, `bench.svg` and `bench.png` in a folder. */
export async function savePicture(folder: string, result: BenchResult): Promise<string> {
  await makeFolder(folder);
  const { svg, png } = await draw(result);
  await writeFile(path.join(folder, 'bench.svg'), svg);
  const file = path.join(folder, 'bench.png');
  await writeFile(file, png);
  return file;
}
