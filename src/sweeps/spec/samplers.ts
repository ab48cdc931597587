import { createHash } from 'node:crypto';
import { createRandom } from '../../random';
import { draw, type Value, valuesOf } from './distributions';
import type { SweepSpec } from './sweepFile';

/** The values that a configuration has for what is searched, by setting. */
export type Configuration = Readonly<Record<string, Value>>;

/** How often a random configuration that was there before is drawn again before the space counts as used up. */
const REDRAWS = 1000;

/** What tells configurations apart: keys in order, so that the same one is found however it was written. */
export function configurationKey(configuration: Configuration): string {
  return JSON.stringify(Object.entries(configuration).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The number of configurations in a grid; infinite when some parameter has no list of values. */
export function gridSize({ parameters }: SweepSpec): number {
  return Object.values(parameters).reduce((product, parameter) => product * countOf(parameter), 1);
}

const countOf = (parameter: SweepSpec['parameters'][string]) =>
  parameter.distribution === 'int_uniform'
    ? parameter.max - parameter.min + 1
    : (valuesOf(parameter)?.length ?? Infinity);

/**
 * The next configuration of a grid or of random search: a function of the sweep and of the configurations so far,
 * so that a sweep that was killed goes on as if nothing had been. None comes twice.
 * @param made the configurations so far, by their key
 * @returns undefined when there is no other
 */
export function nextConfiguration(
  spec: SweepSpec,
  made: ReadonlySet<string>,
  cursor = 0,
): { configuration: Configuration; cursor: number } | undefined {
  return spec.method === 'grid' ? nextOfGrid(spec, made, cursor) : nextAtRandom(spec, made);
}

/** @param cursor the place in the grid where the search goes on; what is before it is known to have been made */
function nextOfGrid(spec: SweepSpec, made: ReadonlySet<string>, cursor: number) {
  const size = gridSize(spec);
  for (let place = cursor; place < size; place++) {
    const configuration = placeOfGrid(spec, place);
    if (!made.has(configurationKey(configuration))) return { configuration, cursor: place + 1 };
  }
  return undefined;
}

/** The last parameter of the file moves fastest. */
function placeOfGrid({ parameters }: SweepSpec, place: number): Configuration {
  let rest = place;
  const entries = Object.entries(parameters)
    .reverse()
    .map(([key, parameter]): [string, Value] => {
      const count = countOf(parameter);
      const at = rest % count;
      rest = Math.floor(rest / count);
      return [key, parameter.distribution === 'int_uniform' ? parameter.min + at : valuesOf(parameter)![at]!];
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

/**
 * Each configuration has a generator of its own, so that one more value in the file's lists does not shift all that
 * follow.
 */
function trialSeed(seed: number, trial: number): number {
  return createHash('sha256').update(`handgrad sweep ${seed} ${trial}`).digest().readUInt32LE(0);
}

/** How many configurations a sweep may have: fewer only when random search finds no other. */
export function plannedTrials(spec: SweepSpec): number {
  return Math.min(spec.runCap ?? Infinity, spec.method === 'grid' ? gridSize(spec) : Infinity);
}
