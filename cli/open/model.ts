import type { Dataset } from '../../src/data/samples';
import type { RunningBackend } from '../../src/backends';
import { networkOf } from '../../src/model/parameters';
import type { Network } from '../../src/nn/mlp';
import { openDataset } from './dataset';
import { startBackend } from './backend';
import { checkModel, openModel } from '../../src/runs/modelConfig';
import { type Config, keysDeciding, pick } from '../../src/runs/config';
import { type Args, resolveArgs } from '../arguments/options';
import type { Io, Terminal } from '../terminal/terminal';

/** The settings that the commands share which use a trained model. */
export const MODEL_SETTINGS = keysDeciding('fetching', 'samples', 'backend');

/** A trained network on a backend, with the data to use it on. */
export interface ModelInUse {
  readonly dataset: Dataset;
  readonly backend: RunningBackend;
  readonly network: Network;
  readonly classNames: readonly string[];
}

/** Opens the model that the command line names, the data set it was trained on (or the one asked for), and the backend. */
export async function useModel(args: Args, terminal: Terminal, io: Io): Promise<ModelInUse> {
  const model = await openModel(args['MODEL'] as string);
  const { config: asked, given } = await resolveArgs(args, io.env);
  const made = model.config;
  // On the data it was trained on, in the same parts; the seed drew the test rows of a CSV file, whichever that is.
  const samples = given.has('dataset') ? (['seed'] as const) : keysDeciding('samples');
  const settings: Config = { ...asked, ...(made && pick(made, samples)), ...pick(asked, [...given]) };
  const dataset = await openDataset(settings, terminal, io.signal);
  checkModel(model, dataset);
  const backend = await startBackend(settings, terminal);
  return {
    dataset,
    backend,
    network: networkOf(model.parameters, made?.activation ?? 'relu'),
    classNames: made?.classNames ?? dataset.classNames,
  };
}
