import type { RunningBackend } from '../backends';
import { isOutOfMemory } from '../backends/outOfMemory';
import { HandgradError } from '../errors';
import { leastStepBytes } from '../training/stepMemory';
import { formatCount } from '../words';

/** What a step of training is made of. */
export interface StepSize {
  readonly batchSize: number;
  /** Of the hidden layers. */
  readonly hidden: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
  /** There is no larger batch than all of them. */
  readonly samples: number;
}

/**
 * Refuses a step that the backend cannot even address:
 * on several threads wasm would stand still, or trap where nobody can catch it.
 * @throws HandgradError 'backend' naming the batch size and a smaller one
 */
export function assertStepFits(step: StepSize, backend: Pick<RunningBackend, 'name' | 'addressableBytes'>): void {
  const { inputs, hidden, outputs, batchSize, samples } = step;
  const bytes = leastStepBytes([inputs, ...hidden, outputs], Math.min(batchSize, samples));
  if (bytes > (backend.addressableBytes ?? Infinity)) throw tooLarge(step, backend);
}

/** What training failed with; where the memory of its backend was not enough, the error names a smaller batch size. */
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
    `The ${name} backend has not enough memory for a batch size of ${formatCount(batchSize)}${widths}: ${smaller}.`,
    { cause },
  );
}
