import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Table from 'cli-table3';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { HandgradError, type ErrorKind } from '../src/errors';
import { busyShare } from './busyShare';
import { timedRun, type TimedRun } from './timedRun';

const ROOT = resolve(__dirname, '..');
const PEER = join(ROOT, 'bench', 'peers', 'post_as_published.py');
const EXIT_CODES: Partial<Record<ErrorKind, number>> = { usage: 2, data: 3, backend: 4, storage: 6 };

interface Round {
  readonly handgrad: TimedRun;
  readonly post: TimedRun;
  /** Median seconds per epoch of handgrad over those of the post. */
  readonly ratio: number;
  /** What other processes took of the machine just before: the ratio means little when it is not near 0. */
  readonly busyBefore: number;
}

/** A desktop at rest stays below this. */
const BUSY = 0.1;

function options(argv: readonly string[]) {
  return yargs(argv)
    .usage("npm run bench -- [flags]\n\nTimes the post's run, handgrad on wasm beside the post's PyTorch code.")
    .option('python', {
      type: 'string',
      default: 'python3',
      describe: 'a Python that has bench/peers/requirements.txt',
    })
    .option('data', {
      type: 'string',
      default: join(ROOT, 'datasets', 'fashion-mnist'),
      defaultDescription: 'datasets/fashion-mnist',
      describe: 'folder of the four IDX files',
    })
    .option('rounds', { type: 'number', default: 3, describe: 'how often each of the two runs, in turn' })
    .option('epochs', { type: 'number', default: 2, describe: 'epochs per run' })
    .option('max-ratio', { type: 'number', default: 0.45, describe: 'exit 1 when the median ratio is above it' })
    .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
    .example('npm run bench -- --python venv/bin/python', 'with the Python of a virtual environment')
    .check(({ rounds, epochs, 'max-ratio': maxRatio }) => {
      for (const [flag, value] of Object.entries({ rounds, epochs })) {
        if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} must be a whole number from 1 up.`);
      }
      if (!(maxRatio > 0)) throw new Error('--max-ratio must be a number above 0.');
      return true;
    })
    .strict()
    .fail((message, error) => {
      throw new HandgradError('usage', error?.message ?? message);
    })
    .parseSync();
}

async function runPost(python: string, data: string, epochs: number): Promise<TimedRun> {
  return timedRun(python, [PEER, '--data', data, '--epochs', `${epochs}`, '--json']);
}

async function runHandgrad(data: string, epochs: number): Promise<TimedRun> {
  const temp = await mkdtemp(join(tmpdir(), 'handgrad-bench-'));
  try {
    const flags = ['--dataset', data, '--epochs', `${epochs}`, '--backend', 'wasm', '--run-dir', join(temp, 'run')];
    const main = join(ROOT, 'cli', 'main.ts');
    return await timedRun(process.execPath, ['--require', 'ts-node/register', main, 'train', '--json', ...flags]);
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

/** One after the other, never together; every other round the other way about, so that neither always comes second. */
async function runRound(number: number, python: string, data: string, epochs: number): Promise<Round> {
  const busyBefore = await busyShare();
  const early = number % 2 === 1 ? await runHandgrad(data, epochs) : undefined;
  const post = await runPost(python, data, epochs);
  const handgrad = early ?? (await runHandgrad(data, epochs));
  return { handgrad, post, ratio: median(handgrad.seconds) / median(post.seconds), busyBefore };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function table(rounds: readonly Round[]): string {
  const head = ['round', 'handgrad s/epoch', 'post s/epoch', 'ratio', 'handgrad peak MB', 'post peak MB'];
  const output = new Table({ head, style: { head: [], border: [] } });
  const seconds = (run: TimedRun) => median(run.seconds).toFixed(2);
  const megabytes = (run: TimedRun) => (run.peakRssBytes ? (run.peakRssBytes / 1e6).toFixed(0) : '?');
  rounds.forEach(({ handgrad, post, ratio }, i) =>
    output.push([i + 1, seconds(handgrad), seconds(post), ratio.toFixed(3), megabytes(handgrad), megabytes(post)]),
  );
  return output.toString();
}

async function main(): Promise<void> {
  const { python, data, rounds: count, epochs, maxRatio, json } = options(hideBin(process.argv));
  // No epoch, but every import and all the data: what the peer lacks is said before anything is timed.
  await runPost(python, resolve(data), 0);
  const rounds: Round[] = [];
  while (rounds.length < count) {
    process.stderr.write(`Round ${rounds.length + 1} of ${count}\n`);
    const round = await runRound(rounds.length + 1, python, resolve(data), epochs);
    rounds.push(round);
    if (round.busyBefore > BUSY) {
      const busy = `${(100 * round.busyBefore).toFixed(0)}%`;
      process.stderr.write(`Other processes took ${busy} of the machine before this round: do not trust its ratio.\n`);
    }
  }
  const medianRatio = median(rounds.map(({ ratio }) => ratio));
  if (json) console.log(JSON.stringify({ rounds, medianRatio, maxRatio }));
  else console.log(`${table(rounds)}\nMedian ratio ${medianRatio.toFixed(3)} (at most ${maxRatio} is asked)`);
  if (!(medianRatio <= maxRatio)) {
    const times = `${medianRatio.toFixed(3)} times as long as the post's code`;
    throw new HandgradError('failure', `handgrad took ${times}, above --max-ratio ${maxRatio}.`);
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof HandgradError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_CODES[error.kind] ?? 1;
});
