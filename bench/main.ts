import { join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { defaultDataDir } from '../src/data/defaultDataDir';
import { type FreshTraining, measureFreshTraining } from './freshCheckout';
import type { BenchResult, WorkResult } from './measure/result';
import { measurePredictSpeed } from './predictSpeed';
import { readMeasurements, writeReport } from './report';
import { measureStarts } from './starts';
import { profileStep } from './stepProfile';
import type { Measurements, WorkProfile } from './targets';

// `npm run bench`: runs the compiled program's `bench` on both works,
// times starts of a checkout and training in a fresh one, and checks all of it against the targets.

const ROOT = resolve(__dirname, '..');
const FIGURES = join(ROOT, 'docs', 'figures');
/** Rounds of starts: more of them, because short times are noisier. */
const STARTS = 11;

const argv = yargs(hideBin(process.argv))
  .usage('npm run bench -- [flags]\n\nTimes handgrad and its peers; exits 1 when a target is missed or not measured.')
  .option('python', { type: 'string', default: 'python3', describe: 'a Python with bench/peers/requirements.txt' })
  .option('data-dir', { type: 'string', describe: 'the DIR that keeps data sets' })
  .option('rounds', { type: 'number', default: 5, describe: "of the post's run; others have no more, and fewer" })
  .option('only-post', { type: 'boolean', default: false, describe: 'leave the deep run out' })
  .option('out', {
    type: 'string',
    default: FIGURES,
    describe: 'the DIR that gets bench.json, bench.txt and the chart',
  })
  .option('redraw', {
    type: 'boolean',
    default: false,
    describe: 'measure nothing: write all that is made of bench.json',
  })
  .strict()
  .parseSync();

async function measure(): Promise<Measurements> {
  const post = await bench('post', argv.rounds);
  const fewer = Math.min(3, argv.rounds);
  const deep = argv.onlyPost ? undefined : await bench('deep', fewer);
  const starts = await measureStarts(ROOT, argv.dataDir, argv.rounds < 5 ? argv.rounds : STARTS);
  const fresh = await freshTraining(fewer);
  const works = [...post.works, ...(deep?.works ?? [])];
  const predict = await measurePredictSpeed(fewer);
  return { ...post, works, starts, fresh, predict, profiles: await profiles(works) };
}

/** Runs the compiled program, as it is installed. */
async function bench(work: string, rounds: number): Promise<BenchResult> {
  const flags = { work, rounds, python: argv.python, 'data-dir': argv.dataDir };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, `${value}`],
  );
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  const { stdout } = await execa(process.execPath, [main, 'bench', '--json', ...given], { stderr: 'inherit' });
  return JSON.parse(stdout) as BenchResult;
}

/** A failure here must not lose the earlier measurements. */
async function freshTraining(rounds: number): Promise<FreshTraining> {
  const dataDir = argv.dataDir || process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();
  try {
    return await measureFreshTraining(ROOT, ['--data-dir', resolve(dataDir)], rounds);
  } catch (error) {
    return { auto: [], wasm: [], why: (error as Error).message };
  }
}

/** Profiles the measured backends with our own kernels. */
async function profiles(works: readonly WorkResult[]): Promise<WorkProfile[]> {
  const found: WorkProfile[] = [];
  for (const { work, rows, hidden, batchSize } of works) {
    for (const backend of ['native', 'cuda'] as const) {
      if (!rows.some((row) => row.backend === backend)) continue;
      const steps = work === 'post' ? 400 : 100;
      const question = { backend, hidden, batchSize, steps, dataset: 'fashion-mnist', dataDir: argv.dataDir };
      found.push({ work, profile: await profileStep(question) });
    }
  }
  return found;
}

async function main(): Promise<void> {
  const out = resolve(argv.out);
  const measurements = argv.redraw ? await readMeasurements(out) : await measure();
  // The documentation shows only its own figures.
  const page = relative(FIGURES, out) === '' ? join(ROOT, 'docs', 'performance.md') : undefined;
  const [text, met] = await writeReport(measurements, { out, page });
  console.log(text);
  if (!met) process.exitCode = 1;
}

void main();
