import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

// Runs a recipe over seeds, each in a separate process, and prints its row of docs/accuracy.md from the records of the
// runs. It can be stopped at any time and restarted: finished runs are read, interrupted ones resume.

const ROOT = resolve(__dirname, '..');

interface Finished {
  readonly seed: number;
  readonly testAccuracy: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly backend: string;
}

function options() {
  return yargs(hideBin(process.argv))
    .usage('npm run seeds -- RECIPE [flags] [-- flags of train]\n\nRuns recipes/RECIPE.yaml once for each seed.')
    .option('seeds', { type: 'string', default: '0,1,2,3,4', describe: 'the seeds, in this order' })
    .option('dir', { type: 'string', default: join(ROOT, 'runs', 'recipes'), describe: 'the folder of the runs' })
    .option('at-once', { type: 'number', default: 1, describe: 'how many run at a time, the cores divided among them' })
    .option('table', { type: 'boolean', default: false, describe: 'only print what is there' })
    .demandCommand(1)
    .strictOptions()
    .parserConfiguration({ 'populate--': true })
    .parseSync();
}

/** The records of a finished run, or undefined. */
function finished(dir: string, seed: number): Finished | undefined {
  const metrics = join(dir, 'metrics.jsonl');
  if (!existsSync(metrics)) return undefined;
  const events = readFileSync(metrics, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; testAccuracy: number; epochs: number; seconds: number });
  const end = events.find(({ type }) => type === 'end');
  if (!end) return undefined;
  const { backend } = JSON.parse(readFileSync(join(dir, 'environment.json'), 'utf8')) as { backend: string };
  const { testAccuracy, epochs, seconds } = end;
  return { seed, testAccuracy, epochs, seconds, backend };
}

function train(args: readonly string[], threads: number): Promise<void> {
  const command = [join(ROOT, 'bin/handgrad.js'), 'train', ...args];
  // Otherwise TensorFlow uses all cores, and two runs would wait for each other.
  const env = { ...process.env, TF_NUM_INTRAOP_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', fail);
    child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`train ended with ${code}`))));
  });
}

const share = (value: number) => value.toFixed(4);

/** | recipe | seeds | mean | standard deviation | lowest … highest | s per epoch | */
function row(recipe: string, runs: readonly Finished[]): string {
  const accuracies = runs.map(({ testAccuracy }) => testAccuracy);
  const mean = accuracies.reduce((sum, a) => sum + a, 0) / runs.length;
  const deviation = Math.sqrt(accuracies.reduce((sum, a) => sum + (a - mean) ** 2, 0) / (runs.length - 1));
  const spread = `${share(Math.min(...accuracies))} … ${share(Math.max(...accuracies))}`;
  const pace = runs.map(({ seconds, epochs }) => seconds / epochs).sort((a, b) => a - b)[Math.floor(runs.length / 2)]!;
  const seeds = runs.map(({ seed }) => seed).join(', ');
  const found = [
    share(mean),
    runs.length > 1 ? share(deviation) : '–',
    spread,
    `${pace.toFixed(1)} (${runs[0]!.backend})`,
  ];
  return `| ${[recipe, seeds, ...found].join(' | ')} |`;
}

async function main(): Promise<void> {
  const given = options() as ReturnType<typeof options> & { '--'?: unknown[] };
  const seeds = given.seeds.split(',').map(Number);
  const runOf = (recipe: string, seed: number) => join(given.dir, `${recipe}-s${seed}`);
  const recipes = given._.map(String);
  const missing = recipes.flatMap((recipe) =>
    seeds.flatMap((seed) => {
      const run = runOf(recipe, seed);
      if (given.table || finished(run, seed)) return [];
      const begin = ['--config', join(ROOT, 'recipes', `${recipe}.yaml`), '--seed', String(seed), '--run-dir', run];
      const resumes = existsSync(join(run, 'checkpoints'));
      return [resumes ? ['--resume', run] : [...begin, ...(given['--'] ?? []).map(String)]];
    }),
  );
  const threads = Math.max(1, Math.floor(availableParallelism() / given.atOnce));
  const one = async () => {
    for (let args = missing.shift(); args; args = missing.shift()) await train(args, threads);
  };
  await Promise.all(Array.from({ length: given.atOnce }, one));
  for (const recipe of recipes) {
    const runs = seeds.map((seed) => finished(runOf(recipe, seed), seed)).filter((run) => run !== undefined);
    console.log(runs.length > 0 ? row(recipe, runs) : `| ${recipe} | no finished run |`);
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
