import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackendName, BACKENDS } from '../../../backends';
import { lastWords, runScript } from '../../../backends/runScript';
import { versionOf } from '../../../runs/environment';
import { quoted } from '../../../words';
import type { Value } from '../../spec/distributions';
import type { SweepSpec } from '../../spec/sweepFile';
import { isPlainPath } from './payload';

/** What a machine must have for the runs of a sweep. */
export interface Needs {
  /** The version of handgrad that decides; another one may compute other numbers. */
  readonly version: string;
  /** Names in the catalog, and paths inside the folder that a worker offers. */
  readonly datasets: readonly string[];
  readonly backends: readonly string[];
}

/** What a worker offers. */
export interface Offer {
  /** The folder of the runs. */
  readonly runRoot: string;
  /** The folder of data sets; undefined when there is none. */
  readonly datasets: string | undefined;
  /** The names in the catalog. */
  readonly known: readonly string[];
}

/** What the runs of a sweep need, as far as its file says. */
export function needsOf({ fixed, parameters }: Pick<SweepSpec, 'fixed' | 'parameters'>): Needs {
  const valuesOf = (key: string): string[] => {
    const parameter = parameters[key];
    const values: readonly (Value | undefined)[] = parameter && 'values' in parameter ? parameter.values : [fixed[key]];
    return values.filter((value) => typeof value === 'string');
  };
  return { version: versionOf('handgrad'), datasets: valuesOf('dataset'), backends: valuesOf('backend') };
}

/**
 * Why this machine cannot train the runs of a sweep, as a clause; undefined when it can. Asked before a worker takes a
 * run, so that its runs stay in the queue for others.
 */
export async function unfitReason(
  { version, datasets, backends }: Needs,
  { runRoot, ...offer }: Offer,
): Promise<string | undefined> {
  const own = versionOf('handgrad');
  if (version !== own) return `it has handgrad ${own}, and the sweep comes from ${quoted(version)}`;
  const unwritable = await cannot(runRoot, constants.W_OK | constants.X_OK);
  if (unwritable) return `its folder of runs cannot be written (${unwritable})`;
  for (const dataset of datasets) {
    const lacks = await datasetLacks(dataset, offer);
    if (lacks) return lacks;
  }
  for (const backend of backends) {
    const lacks = Object.hasOwn(BACKENDS, backend) ? await backendLacks(backend as BackendName) : undefined;
    if (lacks) return lacks;
  }
  return undefined;
}

/** Why a data set cannot be read here. What is no plain path is refused with the run. */
export async function datasetLacks(
  dataset: string,
  { datasets, known }: Pick<Offer, 'datasets' | 'known'>,
): Promise<string | undefined> {
  if (known.includes(dataset) || !isPlainPath(dataset)) return undefined;
  if (datasets === undefined) return `it offers no folder of data sets, which has ${quoted(dataset)}`;
  const unreadable = await cannot(join(datasets, dataset), constants.R_OK);
  return unreadable && `data set ${quoted(dataset)} cannot be read in the folder that it offers (${unreadable})`;
}

/** Starts a backend in another process, as a run would. */
async function backendLacks(name: BackendName): Promise<string | undefined> {
  const end = await runScript(
    `require(${JSON.stringify(require.resolve('../../../backends'))}).selectBackend(${JSON.stringify(name)})
       .then(() => process.send({}), ({ message }) => process.send({ message }));`,
  );
  if (end.answer === undefined) return `backend ${name} does not run: ${lastWords(end)}`;
  return (end.answer as { message?: string }).message?.replace(/\.$/, '');
}

/** @returns the code of the error; undefined when the file may be used so */
function cannot(path: string, mode: number): Promise<string | undefined> {
  return access(path, mode).then(
    () => undefined,
    ({ code, message }: NodeJS.ErrnoException) => code ?? message,
  );
}
