import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import type { Task } from '../src/data/samples';
import { openTable } from '../src/data/tables/openTable';
import { tableParts } from '../src/data/tables/tableParts';
import { measurePredictSpeed, rowsPerSecond } from './predictSpeed';

// Cross-validates handgrad on tables with nothing but the label named, beside scikit-learn with its own defaults, on
// the same folds: npm run bench:tables -- --python PYTHON. It prints the table of docs/accuracy.md, and the rows that
// predict answers in a second. What is timed are whole commands, for each table a process that loads itself and reads
// the file.

const HANDGRAD = path.resolve(__dirname, '../bin/handgrad.js');
const PEER = path.resolve(__dirname, 'peers/sklearn_tables.py');
const FOLDS = 5;

/** A table on which both are cross-validated. */
interface Table {
  readonly name: string;
  readonly task: Task;
  readonly file: string;
  readonly choice: Choice;
  /** The fold of each row, from 0. */
  readonly folds: readonly number[];
}

type Choice = { readonly labelColumn: string; readonly task?: Task };

/** How well both do on a table, mean over the folds: accuracy, or R² for regression. */
export interface Scores {
  readonly name: string;
  readonly handgrad: number;
  readonly sklearn: number;
}

/**
 * The scores of both on every table.
 * @param python an interpreter with scikit-learn and pandas
 */
export async function compareScores(python: string): Promise<Scores[]> {
  return withTables(python, undefined, (tables, folder) => {
    const peer = scoresOfPeer(python, folder, tables);
    return tables.map((table) => ({
      ...{ name: table.name, handgrad: crossValidate(table, folder), sklearn: peer.get(table.name)! },
    }));
  });
}

/** A row of the table in docs/accuracy.md. */
interface Compared extends Pick<Table, 'name' | 'task'> {
  readonly rows: number;
  readonly handgrad: Timed;
  readonly sklearn: Timed;
}

interface Timed {
  readonly score: number;
  /** Of the whole command. */
  readonly seconds: number;
}

/** Times both on every table, one after the other. */
async function compareTables(python: string, only?: readonly string[]): Promise<Compared[]> {
  return withTables(python, only, (tables, folder) =>
    tables.map((table) => ({
      ...{ name: table.name, task: table.task, rows: table.folds.length },
      handgrad: timed(() => crossValidate(table, folder)),
      sklearn: timed(() => scoresOfPeer(python, folder, [table]).get(table.name)!),
    })),
  );
}

type Made = Readonly<Record<string, { readonly label: string; readonly task: Task }>>;

/** Makes the tables, and removes them after `work`. */
async function withTables<Result>(
  python: string,
  only: readonly string[] | undefined,
  work: (tables: readonly Table[], folder: string) => Result,
): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'handgrad-tables-'));
  try {
    run(python, ['make', folder]);
    const made = Object.entries(JSON.parse(readFileSync(path.join(folder, 'tables.json'), 'utf8')) as Made);
    const tables: Table[] = [];
    for (const [name, { label, task }] of made) {
      if (only !== undefined && !only.includes(name)) continue;
      const file = path.join(folder, `${name}.csv`);
      // A regression has to be asked for; everything else is found.
      const choice = { labelColumn: label, ...(task === 'regression' && { task }) };
      tables.push({ name, task, file, choice, folds: await foldOfEachRow(file, choice) });
    }
    return work(tables, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One thread: on tables of this size, scikit-learn is slower with more. */
function run(python: string, args: readonly string[]): string {
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  return execFileSync(python, [PEER, ...args], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function foldOfEachRow(file: string, choice: Choice): Promise<number[]> {
  const typed = await openTable(file, choice);
  const folds = new Array<number>(typed.table.count);
  for (let fold = 1; fold <= FOLDS; fold++) {
    for (const row of tableParts(typed, { folds: FOLDS, fold }).test) folds[row] = fold - 1;
  }
  return folds;
}

function timed(work: () => number): Timed {
  const began = performance.now();
  const score = work();
  return { score, seconds: (performance.now() - began) / 1000 };
}

function crossValidate({ name, file, choice: { labelColumn, task } }: Table, folder: string): number {
  const table = ['--dataset', file, '--label-column', labelColumn, ...(task ? ['--task', task] : [])];
  const flags = ['--folds', `${FOLDS}`, '--run-dir', path.join(folder, name), '--json'];
  const said = execFileSync(process.execPath, [HANDGRAD, 'train', ...table, ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const end = JSON.parse(said.trim().split('\n').at(-1)!) as { testAccuracy?: number; testR2?: number };
  return end.testAccuracy ?? end.testR2 ?? NaN;
}

/** The scores of scikit-learn by table, computed in one process. */
function scoresOfPeer(python: string, folder: string, tables: readonly Table[]): ReadonlyMap<string, number> {
  const file = path.join(folder, 'folds.json');
  writeFileSync(file, JSON.stringify(Object.fromEntries(tables.map(({ name, folds }) => [name, folds]))));
  const lines = run(python, ['score', folder, file]).trim().split('\n');
  const scored = lines.map((line) => JSON.parse(line) as { name: string; scores: number[] });
  return new Map(scored.map(({ name, scores }) => [name, mean(scores)]));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function markdown(compared: readonly Compared[]): string {
  const row = ({ name, task, rows, handgrad, sklearn }: Compared) =>
    [
      ...[name, rows.toLocaleString('en-US'), task === 'regression' ? 'R²' : 'accuracy'],
      ...[handgrad.score.toFixed(4), sklearn.score.toFixed(4), handgrad.seconds.toFixed(1), sklearn.seconds.toFixed(1)],
    ].join(' | ');
  const all = (of: (one: Compared) => number) => mean(compared.map(of)).toFixed(4);
  return [
    '| table | rows | figure | handgrad | scikit-learn | seconds | scikit-learn |',
    '|---|---:|---|---:|---:|---:|---:|',
    ...compared.map((one) => `| ${row(one)} |`),
    `| mean | | | ${all(({ handgrad }) => handgrad.score)} | ${all(({ sklearn }) => sklearn.score)} | | |`,
  ].join('\n');
}

if (require.main === module) {
  const { python, only } = yargs(hideBin(process.argv))
    .option('python', { type: 'string', default: 'python3', describe: 'an interpreter with scikit-learn and pandas' })
    .option('only', { type: 'string', array: true, describe: 'the names of some tables' })
    .strict()
    .parseSync();
  void (async () => {
    // The first start of a checkout compiles the program.
    await compareTables(python, ['iris']);
    process.stdout.write(`${markdown(await compareTables(python, only))}\n`);
    const speed = await measurePredictSpeed(5);
    process.stdout.write(`predict: ${Math.round(rowsPerSecond(speed)).toLocaleString('en-US')} rows a second `);
    process.stdout.write(`beyond reading, of ${speed.rows.toLocaleString('en-US')} rows\n`);
  })();
}
