import { formatCount, plural } from '../../src/words';
import { table } from '../../cli/terminal/table';
import { type Row, versionText, type WorkResult } from './result';
import { DATA } from './work';

/** `784-256-10, batch 256` */
export function networkText({ hidden, batchSize }: Pick<WorkResult, 'hidden' | 'batchSize'>): string {
  return `${[DATA.numInputs, ...hidden, DATA.numOutputs].join('-')}, batch ${batchSize}`;
}

/** The figures of one work as text, fastest first. */
export function resultTable(result: WorkResult): string {
  const { work, gflopPerEpoch, rounds } = result;
  const arithmetic = `${gflopPerEpoch.toFixed(0)} GFLOP of matrix products an epoch`;
  const title = `${work}: ${networkText(result)}; medians of ${plural(rounds.length, 'round')}; ${arithmetic}`;
  const heading = ['', 'version', 's/epoch', 'range', 'first step s', 'peak MB', 'GFLOP/s', 'products', 'share'];
  return [title, table(heading, fastestFirst(result).map(cellsOf), 'llrrrrrrr'), ...notesOn(result)].join('\n');
}

export function fastestFirst({ rows }: WorkResult): Row[] {
  return rows.toSorted((a, b) => a.secondsPerEpoch - b.secondsPerEpoch);
}

/** The name, with a star if only some samples were trained on. */
export const starredName = ({ name, samples }: Row) => (samples === undefined ? name : `${name} *`);

/** Notes below the figures, one sentence each. */
export function notesOn({ rows, absent }: WorkResult): string[] {
  const parts = rows.flatMap(({ samples }) => (samples === undefined ? [] : [samples]));
  const compiling = rows.flatMap(({ name, about: { compileSeconds } }) =>
    compileSeconds === undefined ? [] : [`${name} ${compileSeconds.toFixed(1)} s`],
  );
  return [
    ...(parts.length > 0
      ? [`* timed once, training on ${[...new Set(parts)].map(formatCount).join(' or ')} samples, and extrapolated`]
      : []),
    ...(compiling.length > 0 ? [`Compiling, without a cache: ${compiling.join(', ')}`] : []),
    ...absent.map(({ name, reason }) => `Without ${name}: ${reason}`),
  ];
}

function cellsOf(row: Row): string[] {
  const or = (value: number | undefined, text: (value: number) => string) => (value === undefined ? '' : text(value));
  return [
    starredName(row),
    versionText(row),
    row.secondsPerEpoch.toFixed(2),
    `${row.range[0].toFixed(2)}-${row.range[1].toFixed(2)}`,
    row.secondsToFirstStep.toFixed(2),
    or(row.peakRssBytes, (bytes) => (bytes / 1e6).toFixed(0)),
    row.gflopPerSecond.toFixed(1),
    or(row.productGflopPerSecond, (rate) => rate.toFixed(1)),
    or(row.productShare, (share) => `${(100 * share).toFixed(0)}%`),
  ];
}
