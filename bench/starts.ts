import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { table } from '../cli/terminal/table';
import { median } from './measure/rounds';
import { type Program, timedRun } from './measure/timedRun';

/** How long something takes from its start, in seconds, round by round: from a checkout's sources, and compiled. */
export interface Start {
  readonly what: string;
  readonly typed: readonly number[];
  readonly compiled: readonly number[];
}

export const HELP = 'train --help';
export const FIRST_STEP = 'train, to the first step';
const PREDICT = 'predict --index 0';

/**
 * Starts the program of a checkout both ways in turn: by `npm run` from its sources, and compiled in `dist/`.
 * @param dataDir the DIR that keeps data sets, Fashion-MNIST among them; undefined for the program's default
 */
export async function measureStarts(
  root: string,
  dataDir: string | undefined,
  rounds: number,
  signal = new AbortController().signal,
): Promise<Start[]> {
  const program = {
    typed: (...args: string[]): Program => ({ file: 'npm', args: ['run', '--silent', 'handgrad', '--', ...args] }),
    compiled: (...args: string[]): Program => ({
      file: process.execPath,
      args: [path.join(root, 'dist', 'cli', 'main.js'), ...args],
    }),
  };
  const folder = await mkdtemp(path.join(os.tmpdir(), 'handgrad-starts-'));
  const model = path.join(folder, 'model');
  const common = ['--backend', 'wasm', '--threads', '1', ...(dataDir === undefined ? [] : ['--data-dir', dataDir])];
  const train = (runDir: string) => [
    'train',
    '--json',
    '--epochs',
    '1',
    '--limit',
    '2560',
    '--run-dir',
    runDir,
    ...common,
  ];
  const wholeTime = async ({ file, args }: Program) => {
    const started = performance.now();
    await execa(file, args, { cwd: root, stdin: 'ignore', cancelSignal: signal });
    return (performance.now() - started) / 1000;
  };
  let runs = 0;
  const measures = {
    [HELP]: (start: typeof program.typed) => wholeTime(start('train', '--help')),
    [FIRST_STEP]: async (start: typeof program.typed) =>
      (await timedRun({ ...start(...train(path.join(folder, `${runs++}`))) }, signal)).secondsToFirstStep,
    [PREDICT]: (start: typeof program.typed) => wholeTime(start('predict', model, '--index', '0', ...common)),
  };
  try {
    // The first start from the sources compiles them.
    await wholeTime(program.typed(...train(model)));
    const starts = Object.entries(measures).map(([what, measure]) => ({
      ...{ what, measure, typed: [] as number[], compiled: [] as number[] },
    }));
    for (let round = 0; round < rounds; round++) {
      for (const { measure, typed, compiled } of starts) {
        typed.push(await measure(program.typed));
        compiled.push(await measure(program.compiled));
      }
    }
    return starts.map(({ what, typed, compiled }) => ({ what, typed, compiled }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The ratio to the compiled program's time: the median of the rounds' ratios. */
export function startRatio({ typed, compiled }: Start): number {
  return median(typed.map((seconds, i) => seconds / compiled[i]!));
}

/** The medians as text. */
export function startTable(starts: readonly Start[]): string {
  const rows = starts.map((start) => [
    start.what,
    median(start.typed).toFixed(2),
    median(start.compiled).toFixed(2),
    startRatio(start).toFixed(2),
  ]);
  const rounds = starts[0]!.typed.length;
  const title = `starting in a checkout (npm run) and compiled; medians of ${rounds} rounds, in seconds`;
  return [title, table(['', 'checkout', 'compiled', 'ratio'], rows, 'lrrr')].join('\n');
}
