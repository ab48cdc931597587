import type { RunningBackend } from '../backends';
import { isOutOfMemory } from '../backends/outOfMemory';
import { HandgradError } from '../errors';
import { leastStepBytes } from '../training/stepMemory';
import { formatCount } from '../words';
import type { RunParts } from './runParts';

/** What determines the memory of a training step. */
export interface StepSize {
  readonly batchSize: number;
  /** The widths of the hidden layers. */
  readonly hidden: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
  /** The number of training samples, which limits the batch. */
  readonly samples: number;
}

/** What determines the memory of the steps of a run. */
export function stepSize({ config, dataset, samples }: Pick<RunParts, 'config' | 'dataset' | 'samples'>): StepSize {
  const { batchSize, hidden } = config;
  return { batchSize, hidden, inputs: dataset.numInputs, outputs: dataset.numOutputs, samples: samples.train.count };
}

/**
 * Refuses a step that needs more memory than the backend can address: with several threads, wasm would hang, or trap in
 * a worker where the error cannot be caught.
 * @throws HandgradError 'backend' naming the batch size and a smaller one
 */
export function assertStepFits(step: StepSize, backend: Pick<RunningBackend, 'name' | 'addressableBytes'>): void {
  const { inputs, hidden, outputs, batchSize, samples } = step;
  const bytes = leastStepBytes([inputs, ...hidden, outputs], Math.min(batchSize, samples));
  if (bytes > (backend.addressableBytes ?? Infinity)) throw tooLarge(step, backend);
}

/** Replaces an out-of-memory error by one that suggests a smaller batch size; returns other errors unchanged. */
export function explainOutOfMemory(error: unknown, step: StepSize, backend: Pick<RunningBackend, 'name'>): unknown {
  return isOutOfMemory(error) ? tooLarge(step, backend, error) : error;
}

function tooLarge(
  { batchSize, hidden }: StepSize,
  { name }: Pick<RunningBackend, 'name'>,
  cause?: unknown,
): HandgradError {
  const smaller = batchSize > 1 ? `try \`batchSize\` ${Math.floor(batchSize / 2)}` : 'try a smaller `hidden`';
  const widths = hidden.length > 0 ? ` and hidden layers of ${hidden.map(formatCount).join(', ')}` : '';
  return new HandgradError(
    'backend',
    `The ${name} backend does not have enough memory for a batch size of ` +
      `${formatCount(batchSize)}${widths}: ${smaller}.`,
    { cause },
  );
}
