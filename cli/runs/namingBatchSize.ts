import type { RunningBackend } from '../../src/backends';
import { isOutOfMemory } from '../../src/backends/outOfMemory';
import { HandgradError } from '../../src/errors';
import { leastStepBytes } from '../../src/training/stepMemory';
import type { Config } from '../../src/runs/config';
import { formatCount } from '../../src/words';

/** What a step of training is made of. */
interface Step extends Pick<Config, 'batchSize' | 'hidden'> {
  readonly inputs: number;
  readonly outputs: number;
  /** There is no larger batch than all of them. */
  readonly samples: number;
}

/**
 * Runs a training; where the memory of its backend is not enough, the error says what to change. What the backend cannot even
 * address is refused before: on several threads wasm would stand still, or trap where nobody can catch it.
 * @throws HandgradError 'backend' naming the batch size and a smaller one; otherwise what `work` throws
 */
export async function namingBatchSize(
  { batchSize, hidden, inputs, outputs, samples }: Step,
  { name, addressableBytes = Infinity }: Pick<RunningBackend, 'name' | 'addressableBytes'>,
  work: () => Promise<void>,
): Promise<void> {
  const tooLarge = (cause?: unknown) => {
    const smaller = batchSize > 1 ? `try --batch-size ${Math.floor(batchSize / 2)}` : 'try a smaller --hidden';
    const widths = hidden.length > 0 ? ` and hidden layers of ${hidden.map(formatCount).join(', ')}` : '';
    return new HandgradError(
      'backend',
      `The ${name} backend has not enough memory for a batch size of ${formatCount(batchSize)}${widths}: ${smaller}.`,
      { cause },
    );
  };
  if (leastStepBytes([inputs, ...hidden, outputs], Math.min(batchSize, samples)) > addressableBytes) throw tooLarge();
  try {
    await work();
  } catch (error) {
    throw isOutOfMemory(error) ? tooLarge(error) : error;
  }
}
