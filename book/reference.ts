import { selectBackend } from '../src/backends';
import type { Dataset } from '../src/data/samples';
import { initParams } from '../src/nn/initialize';
import { createOptimizer } from '../src/optim/optimizers';
import { createRandom } from '../src/random';
import { dataIterator } from '../src/training/batches';
import { train } from '../src/training/train';
import { disposeState, startState } from '../src/training/trainState';
import type { Reference } from './page/about';
import { DEFAULTS } from './page/settings';

/** The loss of the first epoch with the page's own settings, computed here, on the library's wasm backend. */
export async function referenceLoss({ train: samples, test, numInputs, numOutputs }: Dataset): Promise<Reference> {
  const { seed, lr, width, batchSize } = DEFAULTS;
  await selectBackend('wasm', { threads: 1 });
  const network = initParams(numInputs, numOutputs, width, createRandom(seed, 'init'));
  const optimizer = createOptimizer('sgd', lr);
  const state = startState(network, optimizer);
  const trainIter = dataIterator(samples, batchSize, { shuffleSeed: seed });
  try {
    for await (const event of train({
      ...{ state, optimizer, trainIter, seed },
      testIter: dataIterator(test, batchSize),
      numEpochs: 1,
    })) {
      if (event.type === 'epoch') return { seed, lr, width, batchSize, loss: event.loss };
    }
    throw new Error('the training ended before its first epoch');
  } finally {
    disposeState(state);
  }
}
