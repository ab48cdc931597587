import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { PEERS } from './measure/peers';
import { type BenchResult, ratio, type WorkResult } from './measure/result';
import { median } from './measure/rounds';
import { resultTable } from './measure/resultTable';
import { FIRST_STEP, HELP, measureStarts, type Start, startRatio, startTable } from './starts';
import { table } from '../cli/terminal/table';

// `npm run bench`: the compiled program's `bench` on both works, how fast a checkout starts beside it, and whether all of it is as
// fast as it is said to be.

const ROOT = resolve(__dirname, '..');
/** Rounds in which starts are timed: they are short, so that what disturbs them weighs more. */
const STARTS = 11;
const TENSORFLOW = 'handgrad, tensorflow';
const WASM = 'handgrad, wasm, one thread';
const WASM_2 = 'handgrad, wasm, 2 threads';

interface Target {
  readonly what: string;
  readonly bound: number;
  /** Whether the figure is to stay below the bound or above it. */
  readonly kind: 'at most' | 'at least';
  /** The figure; undefined when a contender that it needs is not there. */
  readonly of: (post: WorkResult, starts: readonly Start[]) => number | undefined;
}

const rowOf = ({ rows }: WorkResult, name: string) => rows.find((row) => row.name === name);

const startOf = (starts: readonly Start[], what: string) => starts.find((start) => start.what === what)!;

const quotient = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b;

const TARGETS: readonly Target[] = [
  {
    what: 'tensorflow against PyTorch in memory, time of an epoch',
    kind: 'at most',
    bound: 1,
    of: (post) => ratio(post, TENSORFLOW, PEERS.inMemory),
  },
  {
    what: 'tensorflow against tfjs-layers on tensorflow',
    kind: 'at most',
    bound: 0.4,
    of: (post) => ratio(post, TENSORFLOW, PEERS.layersTensorflow),
  },
  {
    what: "tensorflow, share of the epoch that products take at the backend's own rate",
    kind: 'at least',
    bound: 0.7,
    of: (post) => rowOf(post, TENSORFLOW)?.productShare,
  },
  {
    what: 'wasm, one thread, against its own products',
    kind: 'at most',
    bound: 1.25,
    of: (post) => quotient(1, rowOf(post, WASM)?.productShare),
  },
  {
    what: "wasm, one thread, against the post's PyTorch as published",
    kind: 'at most',
    bound: 0.45,
    of: (post) => ratio(post, WASM, PEERS.published),
  },
  {
    what: "wasm, two threads, against the post's PyTorch as published",
    kind: 'at most',
    bound: 0.28,
    of: (post) => ratio(post, WASM_2, PEERS.published),
  },
  {
    what: 'wasm, two threads, against tfjs-layers on wasm',
    kind: 'at most',
    bound: 0.1,
    of: (post) => ratio(post, WASM_2, PEERS.layersWasm),
  },
  {
    what: 'tensorflow against PyTorch in memory, peak memory',
    kind: 'at most',
    bound: 0.8,
    of: (post) => quotient(rowOf(post, TENSORFLOW)?.peakRssBytes, rowOf(post, PEERS.inMemory)?.peakRssBytes),
  },
  {
    what: 'wasm, seconds from the command to the first step',
    kind: 'at most',
    bound: 1.2,
    of: (post) => rowOf(post, WASM)?.secondsToFirstStep,
  },
  {
    what: 'wasm, seconds from what is typed in a checkout to the first step',
    kind: 'at most',
    bound: 1.2,
    of: (_post, starts) => median(startOf(starts, FIRST_STEP).typed),
  },
  {
    what: 'train --help typed in a checkout, against the compiled program',
    kind: 'at most',
    bound: 1.6,
    of: (_post, starts) => startRatio(startOf(starts, HELP)),
  },
  {
    what: 'the first step typed in a checkout, against the compiled program',
    kind: 'at most',
    bound: 1.6,
    of: (_post, starts) => startRatio(startOf(starts, FIRST_STEP)),
  },
];

const argv = yargs(hideBin(process.argv))
  .usage('npm run bench -- [flags]\n\nTimes handgrad and its peers; exits 1 when a target is missed.')
  .option('python', { type: 'string', default: 'python3', describe: 'a Python with bench/peers/requirements.txt' })
  .option('data-dir', { type: 'string', describe: 'the DIR that keeps data sets' })
  .option('rounds', { type: 'number', default: 5, describe: "of the post's run; the deep one has three" })
  .option('only-post', { type: 'boolean', default: false, describe: 'leave the deep run out' })
  .option('out', {
    type: 'string',
    default: 'docs/figures',
    describe: 'the DIR that gets bench.json, bench.txt and the charts',
  })
  .strict()
  .parseSync();

/** The compiled program, as it is installed. */
async function bench(work: string, rounds: number): Promise<WorkResult> {
  const flags = { work, rounds, python: argv.python, picture: argv.out, 'data-dir': argv.dataDir };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, `${value}`],
  );
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  const { stdout } = await execa(process.execPath, [main, 'bench', '--json', ...given], { stderr: 'inherit' });
  const result = JSON.parse(stdout) as BenchResult;
  ({ machine } = result);
  return result.works[0]!;
}

let machine: BenchResult['machine'] | undefined;

async function main(): Promise<void> {
  const post = await bench('post', argv.rounds);
  const works = argv.onlyPost ? [post] : [post, await bench('deep', 3)];
  const starts = await measureStarts(ROOT, argv.dataDir, STARTS);
  const checked = TARGETS.map(({ what, kind, bound, of }) => {
    const figure = of(post, starts);
    const met = figure !== undefined && (kind === 'at most' ? figure <= bound : figure >= bound);
    return { what, kind, bound, figure, met };
  });
  const rows = checked.map(({ what, kind, bound, figure, met }) => [
    what,
    figure === undefined ? 'not measured' : figure.toFixed(3),
    `${kind} ${bound}`,
    met ? 'met' : 'MISSED',
  ]);
  const busy = works.flatMap(({ rounds }) => rounds.map(({ busyBefore }) => busyBefore));
  const { processor, processors, memoryBytes, system, node } = machine!;
  const text = [
    `${processor}, ${processors} processors, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${system}, Node ${node}; ${new Date().toISOString().slice(0, 10)}`,
    `Other processes took ${(100 * Math.min(...busy)).toFixed(0)} to ${(100 * Math.max(...busy)).toFixed(0)}% of the machine before the rounds.`,
    ...works.map(resultTable),
    startTable(starts),
    table(['target', 'measured', 'asked', ''], rows, 'lrrl'),
  ].join('\n\n');
  console.log(text);
  await writeFile(join(argv.out, 'bench.txt'), `${text}\n`);
  await writeFile(
    join(argv.out, 'bench.json'),
    `${JSON.stringify({ machine, works, starts, targets: checked }, null, 2)}\n`,
  );
  if (checked.some(({ met }) => !met)) process.exitCode = 1;
}

void main();
