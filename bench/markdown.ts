import { machineText } from './measure/machine';
import { busyText, type Row, versionText, type WorkResult } from './measure/result';
import { fastestFirst, notesOn, starredName } from './measure/resultTable';
import { median } from './measure/rounds';
import { type Start, startRatio } from './starts';
import { PROFILE_HEADING, profileRows } from './stepProfile';
import { type Checked, type Measurements, verdict } from './targets';

// The tables of docs/performance.md are between `<!-- bench NAME -->` and `<!-- /bench -->`,
// and are generated from measurements.

const MARKED = /(<!-- bench (\w+) -->\n)[\s\S]*?(<!-- \/bench -->)/g;

/**
 * Fills in the marked places of a page.
 * @throws Error when the page has a mark of an unknown name
 */
export function fillTables(page: string, measurements: Measurements, checked: readonly Checked[]): string {
  const places: Record<string, () => string> = {
    machine: () => `${machineText(measurements.machine)}; ${measurements.date}. ${busyText(measurements)}`,
    picture: () => '![The time of an epoch, fastest first](figures/bench.png)',
    post: () => workTable(measurements, 'post'),
    deep: () => workTable(measurements, 'deep'),
    starts: () => startsTable(measurements),
    profile: () => profileTables(measurements),
    targets: () => targetsTable(checked),
  };
  return page.replace(MARKED, (_, before: string, name: string, after: string) => {
    const make = Object.hasOwn(places, name) ? places[name]! : undefined;
    if (!make) throw new Error(`The page asks for "${name}": there is ${Object.keys(places).join(', ')}.`);
    return `${before}\n${make()}\n\n${after}`;
  });
}

function workTable({ works }: Measurements, name: string): string {
  const result = works.find(({ work }) => work === name);
  if (!result) return NOT_MEASURED;
  const native = result.rows.find(({ backend }) => backend === 'native');
  const heading = ['', 'version', 's an epoch', 'of native', 'first step, s', 'peak, MB', 'products, GFLOP/s', 'share'];
  const rows = fastestFirst(result).map((row) => workCells(row, native));
  return [markdownTable(heading, rows, 'llrrrrrr'), '', ...notes(result)].join('\n').trimEnd();
}

function workCells(row: Row, native: Row | undefined): string[] {
  const or = (value: number | undefined, text: (value: number) => string) => (value === undefined ? '' : text(value));
  return [
    row.backend === 'native' ? `**${starredName(row)}**` : starredName(row).replace('*', '\\*'),
    versionText(row),
    row.secondsPerEpoch.toFixed(2),
    or(native?.secondsPerEpoch, (seconds) => `${(row.secondsPerEpoch / seconds).toFixed(2)}`),
    row.secondsToFirstStep.toFixed(2),
    or(row.peakRssBytes, (bytes) => (bytes / 1e6).toFixed(0)),
    or(row.productGflopPerSecond, (rate) => rate.toFixed(0)),
    or(row.productShare, (share) => `${(100 * share).toFixed(0)}%`),
  ];
}

const notes = (result: WorkResult) => notesOn(result).map((note) => `- ${note.replace('*', '\\*')}.`);

function startsTable({ starts, fresh }: Measurements): string {
  if (starts.length === 0) return NOT_MEASURED;
  const rows = starts.map((start: Start) => [
    start.what,
    median(start.typed).toFixed(2),
    median(start.compiled).toFixed(2),
    startRatio(start).toFixed(2),
  ]);
  const training =
    fresh.backend === undefined
      ? []
      : [
          '',
          `\`npm run train\` in a checkout that has compiled nothing yet, from Enter to the prompt: ` +
            `${median(fresh.auto).toFixed(1)} s on ${fresh.backend}, ${median(fresh.wasm).toFixed(1)} s on wasm.`,
        ];
  return [markdownTable(['', 'checkout, s', 'compiled, s', 'ratio'], rows, 'lrrr'), ...training].join('\n');
}

function profileTables({ profiles }: Measurements): string {
  const tables = profiles.map(({ work, profile }) => {
    const title = `A step of the \`${work}\` work on \`${profile.backend}\` (${profile.device}), in microseconds:`;
    return `${title}\n\n${markdownTable(PROFILE_HEADING, profileRows(profile), 'lrrr')}`;
  });
  return tables.join('\n\n') || NOT_MEASURED;
}

function targetsTable(checked: readonly Checked[]): string {
  const rows = checked.map((target) => [target.what, ...verdict(target)]);
  return markdownTable(['target', 'measured', 'asked', ''], rows, 'lrrl');
}

const NOT_MEASURED = 'Not measured.';

function markdownTable(heading: readonly string[], rows: readonly (readonly string[])[], align: string): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = [...align].map((letter) => (letter === 'r' ? '--:' : '---'));
  return [line(heading), line(rule), ...rows.map(line)].join('\n');
}
