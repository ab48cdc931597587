import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROW_FORMS } from '../cli/screens/predictedRows';
import { readTable } from '../src/data/tables/readTable';
import { openTableSource } from '../src/data/tables/source';
import { openClassifier } from '../src/inference/classifier';
import { startRun } from '../src/runs/run';
import { inTemporaryFolder, median } from './measure/rounds';

/** How fast `predict` answers the rows of a table: seconds of each round. */
export interface PredictSpeed {
  readonly rows: number;
  /** Reading the table alone. */
  readonly reading: readonly number[];
  /** Reading, preparing, predicting, and writing CSV. */
  readonly all: readonly number[];
}

/** Rows a second beyond reading: the median of the rounds. */
export function rowsPerSecond({ rows, reading, all }: PredictSpeed): number {
  return median(all.map((seconds, round) => rows / (seconds - reading[round]!)));
}

const ROWS = 500_000;
const TRAINING_ROWS = 4000;

/** Trains on a table of eight columns, numbers, categories and a date with missing cells, and predicts its like. */
export async function measurePredictSpeed(rounds: number): Promise<PredictSpeed> {
  return inTemporaryFolder(async (folder) => {
    const [small, large] = [join(folder, 'small.csv'), join(folder, 'large.csv')];
    writeFileSync(small, customers(TRAINING_ROWS, true));
    writeFileSync(large, customers(ROWS, false));
    const run = await startRun({ dataset: small, labelColumn: 'churn', epochs: 5 }, { dir: join(folder, 'run') });
    for await (const event of run.train()) if (event.type === 'end') break;
    const [reading, all]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      reading.push(await secondsOf(async () => void (await readTable(await openTableSource(large)))));
      all.push(await secondsOf(() => predictAll(join(folder, 'run'), large)));
    }
    return { rows: ROWS, reading, all };
  });
}

async function predictAll(model: string, file: string): Promise<void> {
  const classifier = await openClassifier(model);
  const form = ROW_FORMS.csv({ classNames: classifier.classNames });
  let bytes = 0;
  for await (const rows of classifier.table(file)) bytes += Buffer.byteLength(form.lines(rows, rows.first + 1));
  classifier.close();
  if (bytes < ROWS) throw new Error('not every row was predicted');
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Customers as CSV, the same ones every time. */
function customers(count: number, withLabel: boolean): string {
  const lines = [`plan,region,months,spent,calls,joined,autopay,age${withLabel ? ',churn' : ''}`];
  for (let i = 0; i < count; i++) {
    const hash = (Math.imul(i + 1, 0x9e3779b1) >>> 8) % 100_000;
    const months = (hash % 600) / 10;
    const cells = [
      ['basic', 'family', 'premium', ''][hash % 4],
      ['north', 'south', 'east', 'west', 'center'][hash % 5],
      hash % 19 === 0 ? '' : months,
      ((hash * 7) % 9973) / 100,
      hash % 13,
      `20${15 + (hash % 10)}-0${1 + (hash % 9)}-${10 + (hash % 18)}`,
      hash % 3 === 0 ? 'yes' : 'no',
      18 + (hash % 61),
      ...(withLabel ? [months + (hash % 13) * 3 > 45 ? 'stays' : 'leaves'] : []),
    ];
    lines.push(cells.join(','));
  }
  return `${lines.join('\n')}\n`;
}
