import type { RunningBackend } from '../backends';
import { networkSummary } from '../model/networkSummary';
import type { StartEvent } from './events';
import type { PlannedData } from './plan';
import { taskOfConfig } from './task';

/** What is known of a run before it has a folder. */
export type RunFacts = Omit<StartEvent, 'type' | 'runDir' | 'resumed'>;

/** What is known of a run before it has a backend. */
export type RunOutline = Omit<RunFacts, 'backend' | 'device'>;

/** The facts of a run. Of a cross-validation, `data` is that of a fold. */
export function runFacts(data: PlannedData, { name, device }: RunningBackend): RunFacts {
  const { dataset, ...others } = runOutline(data);
  return { dataset, backend: name, device, ...others };
}

/** The facts of a run that do not depend on the backend. */
export function runOutline({ config, dataset, samples }: Omit<PlannedData, 'start'>): RunOutline {
  const widths = [dataset.numInputs, ...config.hidden, dataset.numOutputs];
  return {
    dataset: dataset.name,
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
