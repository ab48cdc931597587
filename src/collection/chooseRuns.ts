import { HandgradError } from '../errors';
import { shortSetting } from '../reports/shortSetting';
import { type ConfigKey, DEFAULTS, keyNamed, settings } from '../runs/config';
import { didYouMean, quoted } from '../words';
import type { ListedRun } from './listRuns';

const text = (of: (run: ListedRun) => string) => {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return (a: ListedRun, b: ListedRun) => compare(of(a), of(b));
};

/** What a list can be sorted by. `best` has the best first, `started` and `changed` the newest. */
export const RUN_ORDERS = {
  started: (a, b) => b.started.localeCompare(a.started, 'en'),
  changed: (a, b) => b.changed.localeCompare(a.changed, 'en'),
  name: text((run) => run.name ?? run.folder),
  dataset: text(({ dataset }) => dataset),
  state: text(({ state }) => state),
  epochs: (a, b) => b.done - a.done,
  seconds: (a, b) => b.seconds - a.seconds,
  best: byBest,
} satisfies Readonly<Record<string, (a: ListedRun, b: ListedRun) => number>>;

/** The name of an order. */
export type RunOrder = keyof typeof RUN_ORDERS;

/** Figures of one name are together, those that are maximized before those that are minimized, none at the end. */
function byBest({ best: a }: ListedRun, { best: b }: ListedRun): number {
  if (!a || !b) return Number(!a) - Number(!b);
  if (a.goal !== b.goal) return a.goal === 'maximize' ? -1 : 1;
  if (a.goal === 'minimize' && a.name !== b.name) return a.name.localeCompare(b.name, 'en');
  return a.goal === 'maximize' ? b.value - a.value : a.value - b.value;
}

/** Sorts a list of runs. @returns a new list; of equal ones, the order is kept */
export function sortRuns(runs: readonly ListedRun[], order: RunOrder, { reverse = false } = {}): ListedRun[] {
  const sorted = [...runs].sort(RUN_ORDERS[order]);
  return reverse ? sorted.reverse() : sorted;
}

/** What a list can be filtered by, beside settings: each gives the texts of a run, of which one has to match. */
const FIELDS: Readonly<Record<string, (run: ListedRun) => readonly string[]>> = {
  tag: ({ tags }) => tags,
  name: ({ name, folder }) => (name === undefined ? [folder] : [name, folder]),
  state: ({ state }) => [state],
  kind: ({ kind }) => [kind],
};

/**
 * Keeps the runs that satisfy all conditions.
 * @param conditions `KEY=VALUE`, or `KEY!=VALUE`: `tag`, `name`, `state`, `kind` or a setting such as `lr`. In VALUE,
 *   `*` stands for any text; capitals do not matter
 * @throws HandgradError 'usage' for a condition that is none
 */
export function filterRuns(runs: readonly ListedRun[], conditions: readonly string[]): ListedRun[] {
  const holds = conditions.map(readCondition);
  return runs.filter((run) => holds.every((one) => one(run)));
}

function readCondition(condition: string): (run: ListedRun) => boolean {
  const [, key = '', not, value = ''] = /^([\w-]+)(!?)=(.*)$/s.exec(condition.trim()) ?? [];
  if (key === '') {
    throw new HandgradError('usage', `\`filter\` must be KEY=VALUE or KEY!=VALUE, not ${quoted(condition)}.`);
  }
  const valuesOf = fieldOf(key);
  const matches = matcher(value);
  return (run) => valuesOf(run).some(matches) !== (not === '!');
}

function fieldOf(name: string): (run: ListedRun) => readonly string[] {
  const field = name.toLowerCase().replace(/^tags$/, 'tag');
  if (Object.hasOwn(FIELDS, field)) return FIELDS[field]!;
  const key = keyNamed(name);
  if (key !== undefined && settings[key].compared !== false) return (run) => [valueOf(run, key)];
  const known = [...Object.keys(FIELDS), 'dataset'];
  throw new HandgradError(
    'usage',
    `\`filter\` knows no ${quoted(name)}${didYouMean(name, known).replace(/\.$/, '')}; settings can be given as well.`,
  );
}

function valueOf({ settings: values, dataset }: ListedRun, key: ConfigKey): string {
  return key === 'dataset' ? dataset : settingText(values[key]);
}

function matcher(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`, 'is');
  return (given) => expression.test(given);
}

function settingText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Named by what they are, or shown in a column of their own. */
const ELSEWHERE = { dataset: 1, backend: 1, epochs: 1, stopAfter: 1, hidden: 1, optimizer: 1, lr: 1 } as const;

/**
 * The settings of each run in a few words: the network, the update rule, and what differs from the defaults, unless all
 * runs with the same data have it. Of a sweep, what it searches.
 */
export function settingsInShort(runs: readonly ListedRun[]): string[] {
  const groups = new Map<string, ListedRun[]>();
  for (const run of runs) if (run.kind === 'run') groups.set(run.dataset, [...(groups.get(run.dataset) ?? []), run]);
  const varied = new Map([...groups].map(([dataset, group]) => [dataset, variedKeys(group)]));
  return runs.map((run) => {
    if (run.searched) return `searches ${run.searched.join(', ') || 'nothing'}`;
    const { hidden, optimizer, lr } = run.settings;
    const rest = Object.entries(run.settings).filter(
      ([key, value]) =>
        !Object.hasOwn(ELSEWHERE, key) &&
        settingText(value) !== settingText(DEFAULTS[key as ConfigKey]) &&
        (groups.get(run.dataset)!.length === 1 || varied.get(run.dataset)!.has(key)),
    );
    return [
      settingText(hidden) || 'no hidden layer',
      `${settingText(optimizer)} ${shortSetting(lr)}`,
      ...rest.map(([key, value]) =>
        typeof value === 'boolean' ? `${value ? '' : 'no '}${key}` : `${key} ${shortSetting(value)}`,
      ),
    ].join(', ');
  });
}

/** The settings that not all of some runs have alike. */
function variedKeys(runs: readonly ListedRun[]): Set<string> {
  const keys = new Set(runs.flatMap(({ settings: values }) => Object.keys(values)));
  return new Set(
    [...keys].filter((key) => new Set(runs.map(({ settings: values }) => settingText(values[key]))).size > 1),
  );
}
