import { createHash } from 'node:crypto';
import { createRandom } from '../../random';
import { draw, gridValues, type Value } from './distributions';
import type { SweepSpec } from './sweepFile';

/** The value of each searched setting. */
export type Configuration = Readonly<Record<string, Value>>;

/** How often a duplicate random configuration is redrawn before the search space counts as exhausted. */
const REDRAWS = 1000;

/** Identifies a configuration, independent of the order of its keys. */
export function configurationKey(configuration: Configuration): string {
  return JSON.stringify(Object.entries(configuration).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The number of configurations in a grid; infinite when a parameter has no finite list of values. */
export function gridSize({ parameters }: SweepSpec): number {
  return Object.values(parameters).reduce((product, parameter) => product * countOf(parameter), 1);
}

const countOf = (parameter: SweepSpec['parameters'][string]) => gridValues(parameter)?.count ?? Infinity;

/**
 * The next configuration of a grid or of random search: a function of the sweep and of the configurations so far, so a
 * killed sweep resumes with the same ones. None comes twice.
 * @param made the configurations so far, by their key
 * @returns undefined when there are no more
 */
export function nextConfiguration(
  spec: SweepSpec,
  made: ReadonlySet<string>,
  cursor = 0,
): { configuration: Configuration; cursor: number } | undefined {
  return spec.method === 'grid' ? nextOfGrid(spec, made, cursor) : nextAtRandom(spec, made);
}

/** @param cursor the index in the grid to continue from; everything before it is in `made` */
function nextOfGrid(spec: SweepSpec, made: ReadonlySet<string>, cursor: number) {
  const size = gridSize(spec);
  for (let place = cursor; place < size; place++) {
    const configuration = placeOfGrid(spec, place);
    if (!made.has(configurationKey(configuration))) return { configuration, cursor: place + 1 };
  }
  return undefined;
}

/** The last parameter of the file varies fastest. */
function placeOfGrid({ parameters }: SweepSpec, place: number): Configuration {
  let rest = place;
  const entries = Object.entries(parameters)
    .reverse()
    .map(([key, parameter]): [string, Value] => {
      const count = countOf(parameter);
      const at = rest % count;
      rest = Math.floor(rest / count);
      return [key, gridValues(parameter)!.at(at)];
    });
  return Object.fromEntries(entries.reverse());
}

function nextAtRandom({ parameters, seed }: SweepSpec, made: ReadonlySet<string>) {
  const random = createRandom(trialSeed(seed, made.size), 'sweep');
  for (let attempt = 0; attempt < REDRAWS; attempt++) {
    const configuration = Object.fromEntries(
      Object.entries(parameters).map(([key, parameter]) => [key, draw(parameter, random)]),
    );
    if (!made.has(configurationKey(configuration))) return { configuration, cursor: 0 };
  }
  return undefined;
}

/** Each configuration has its own generator, so a value added to the file does not shift those that follow. */
function trialSeed(seed: number, trial: number): number {
  return createHash('sha256').update(`handgrad sweep ${seed} ${trial}`).digest().readUInt32LE(0);
}

/** The number of trials; there are fewer only when random search exhausts the search space. */
export function plannedTrials(spec: SweepSpec): number {
  return Math.min(spec.runCap ?? Infinity, spec.method === 'grid' ? gridSize(spec) : Infinity);
}

/** The settings of a run: the fixed ones, its configuration, and its own seed. */
export function settingsOf(
  { fixed, seeds }: Pick<SweepSpec, 'fixed' | 'seeds'>,
  configuration: Configuration,
  seed: number,
): Readonly<Record<string, Value>> {
  const settings = { ...fixed, ...configuration };
  return seeds === 1 ? settings : { ...settings, seed: Number(settings['seed'] ?? 0) + seed };
}
