import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { table } from '../cli/terminal/table';
import { makeFolder } from '../src/files/makeFolder';
import { machineText } from './measure/machine';
import { savePicture } from './measure/main';
import { busyText } from './measure/result';
import { resultTable } from './measure/resultTable';
import { median } from './measure/rounds';
import { fillTables } from './markdown';
import { startTable } from './starts';
import { profileTable } from './stepProfile';
import { type Checked, checkTargets, type Measurements, verdict } from './targets';

/** Where a report is written. */
export interface Places {
  /** The folder of bench.json, bench.txt, bench.svg and bench.png. */
  readonly out: string;
  /** A page of the documentation whose tables are generated from the measurements. */
  readonly page?: string;
}

/**
 * Writes the report and all that derives from measurements. @returns the report as text, and whether all targets are
 * met
 */
export async function writeReport(measurements: Measurements, { out, page }: Places): Promise<[string, boolean]> {
  const checked = checkTargets(measurements);
  const text = reportText(measurements, checked);
  await makeFolder(out);
  await writeFile(join(out, 'bench.txt'), `${text}\n`);
  await writeFile(join(out, 'bench.json'), `${JSON.stringify({ ...measurements, targets: checked }, null, 2)}\n`);
  await savePicture(out, measurements);
  if (page !== undefined) {
    await writeFile(page, fillTables(await readFile(page, 'utf8'), measurements, checked));
  }
  return [text, checked.every(({ outcome }) => outcome === 'met' || outcome === 'no GPU here')];
}

/** The measurements of an earlier report. */
export async function readMeasurements(out: string): Promise<Measurements> {
  return JSON.parse(await readFile(join(out, 'bench.json'), 'utf8')) as Measurements;
}

/** The whole report as text. */
export function reportText(measurements: Measurements, checked: readonly Checked[]): string {
  const { machine, date, works, starts, fresh, profiles } = measurements;
  return [
    [`${machineText(machine)}; ${date}`, busyText(measurements)].join('\n'),
    ...works.map(resultTable),
    ...(starts.length > 0 ? [startTable(starts)] : []),
    ...(fresh.auto.length > 0
      ? [
          `npm run train in a fresh checkout, ${fresh.backend} compiled on the way: ` +
            `${median(fresh.auto).toFixed(1)} s; on wasm: ${median(fresh.wasm).toFixed(1)} s`,
        ]
      : []),
    ...profiles.map(({ work, profile }) => profileTable(work, profile)),
    targetTable(checked),
  ].join('\n\n');
}

function targetTable(checked: readonly Checked[]): string {
  const rows = checked.map((target) => [target.what, ...verdict(target)]);
  const reasons = checked.flatMap(({ what, why }) => (why === undefined ? [] : [`Not measured: ${what} (${why})`]));
  return [table(['target', 'measured', 'asked', ''], rows, 'lrrl'), ...reasons].join('\n');
}
