import { formatCount, plural } from '../../src/words';
import { table } from '../../cli/terminal/table';
import type { Row, WorkResult } from './result';
import { DATA } from './work';

/** The figures of one work as text, fastest first. */
export function resultTable({ work, hidden, batchSize, gflopPerEpoch, rows, rounds }: WorkResult): string {
  const network = [DATA.numInputs, ...hidden, DATA.numOutputs].join('-');
  const arithmetic = `${gflopPerEpoch.toFixed(0)} GFLOP of products an epoch`;
  const title = `${work}: ${network}, batch ${batchSize}; medians of ${plural(rounds.length, 'round')}; ${arithmetic}`;
  const heading = ['', 's/epoch', 'range', 'first step s', 'peak MB', 'GFLOP/s', 'products', 'share'];
  const cells = rows.toSorted((a, b) => a.secondsPerEpoch - b.secondsPerEpoch).map(cellsOf);
  const part = rows.some(({ samples }) => samples !== undefined)
    ? [`* timed once, training on ${partsText(rows)} samples, and multiplied`]
    : [];
  return [title, table(heading, cells, 'lrrrrrrr'), ...part].join('\n');
}

function cellsOf(row: Row): string[] {
  const or = (value: number | undefined, text: (value: number) => string) => (value === undefined ? '' : text(value));
  return [
    row.samples === undefined ? row.name : `${row.name} *`,
    row.secondsPerEpoch.toFixed(2),
    `${row.range[0].toFixed(2)}-${row.range[1].toFixed(2)}`,
    row.secondsToFirstStep.toFixed(2),
    or(row.peakRssBytes, (bytes) => (bytes / 1e6).toFixed(0)),
    row.gflopPerSecond.toFixed(1),
    or(row.productGflopPerSecond, (rate) => rate.toFixed(1)),
    or(row.productShare, (share) => `${(100 * share).toFixed(0)}%`),
  ];
}

function partsText(rows: readonly Row[]): string {
  const parts = rows.flatMap(({ samples }) => (samples === undefined ? [] : [samples]));
  return [...new Set(parts)].map(formatCount).join(' or ');
}
