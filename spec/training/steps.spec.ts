import { expect } from 'chai';
import { initParams } from '../../src/nn/initialize';
import { createOptimizer } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import { dataIterator } from '../../src/training/batches';
import { steps } from '../../src/training/steps';
import { train } from '../../src/training/train';
import { disposeState, startState } from '../../src/training/trainState';
import { ONE_BACKEND, useBackend } from '../backend';
import { smallDataset } from '../smallDataset';

describe('steps', () => {
  useBackend(ONE_BACKEND);

  it('are those of train, over any number of epochs', async () => {
    const samples = smallDataset(50);
    const start = () => {
      const network = initParams(20, 3, [8], createRandom(1, 'init'), { init: 'he', activation: 'relu' });
      const optimizer = createOptimizer('adam', (step) => 0.01 / step);
      const trainIter = dataIterator(samples, 16, { shuffleSeed: 1 });
      return { optimizer, trainIter, testIter: dataIterator(samples, 50), state: startState(network, optimizer) };
    };
    const [one, other] = [start(), start()];
    for await (const event of train({ ...one, numEpochs: 3 })) void event;
    const endless = steps(other);
    for (let step = 0; step < 12; step++) endless.next();
    endless.return(undefined as never);
    expect(other.state.step).to.equal(one.state.step).and.to.equal(12);
    const weights = ({ state }: typeof one) => Array.from(state.network.layers[0]!.W.dataSync());
    expect(weights(other)).to.deep.equal(weights(one));
    [one, other].forEach(({ state }) => disposeState(state));
  });
});
