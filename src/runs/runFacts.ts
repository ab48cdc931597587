import type { RunningBackend } from '../backends';
import { networkSummary } from '../model/networkSummary';
import type { StartEvent } from './events';
import type { PlannedData } from './plan';
import { taskOfConfig } from './task';

/** What is known of a run before it has a folder. */
export type RunFacts = Omit<StartEvent, 'type' | 'runDir' | 'resumed'>;

/** The facts of a run. Of a cross-validation, `data` is that of a fold. */
export function runFacts({ config, dataset, samples }: PlannedData, { name, device }: RunningBackend): RunFacts {
  const widths = [dataset.numInputs, ...config.hidden, dataset.numOutputs];
  return {
    dataset: dataset.name,
    backend: name,
    device,
    parameters: networkSummary(widths, { ...config, task: taskOfConfig(config) }).parameters,
    trainSamples: samples.train.count,
    ...(samples.validation && { valSamples: samples.validation.count }),
    testSamples: dataset.test.count,
    widths,
    config,
    ...(dataset.preparation && {
      table: {
        labels: dataset.preparation.labels,
        inputs: dataset.preparation.inputs,
        leftOut: dataset.leftOut ?? [],
      },
    }),
  };
}
