import { isOutOfMemory } from '../src/backends/outOfMemory';
import { HandgradError } from '../src/errors';
import type { Config } from './config';
import { formatCount } from './terminal/format';

/**
 * Runs a training; where the memory of its engine is not enough, the error says what to change.
 * @throws HandgradError 'backend' naming the batch size and a smaller one; otherwise what `work` throws
 */
export async function namingBatchSize(
  { batchSize, hidden }: Pick<Config, 'batchSize' | 'hidden'>,
  engine: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    const smaller = batchSize > 1 ? `try --batch-size ${Math.floor(batchSize / 2)}` : 'try a smaller --hidden';
    const widths = hidden.length > 0 ? ` and hidden layers of ${hidden.map(formatCount).join(', ')}` : '';
    throw new HandgradError(
      'backend',
      `The ${engine} engine has not enough memory for a batch size of ${formatCount(batchSize)}${widths}: ${smaller}.`,
      { cause: error },
    );
  }
}
