import {
  createOptimizer,
  createRandom,
  dataIterator,
  disposeState,
  initParams,
  parametersOf,
  startState,
  train,
} from '../../src';

/** What a training run was: all that two backends, or two runs on one backend, can be compared by. */
export interface ShortTraining {
  /** The mean training loss of each epoch. */
  readonly losses: readonly number[];
  readonly testAccuracies: readonly number[];
  /** Every weight and bias, as base64 of its float32 bytes. */
  readonly params: readonly string[];
}

const CLASSES = 5;
const FEATURES = 60;

/** Images of noise in which the pixels of the class are brighter, though not in all of them: some stay undecided. */
function samples(count: number, stream: 'split' | 'gradcheck') {
  const random = createRandom(3, stream);
  const labels = Int32Array.from({ length: count }, () => random.integer(CLASSES));
  const features = Uint8Array.from({ length: count * FEATURES }, (_, i) => {
    const bright = labels[Math.floor(i / FEATURES)] === i % CLASSES;
    return random.integer(170) + (bright ? random.integer(80) : 0);
  });
  return { features, labels, count, numInputs: FEATURES, scale: 1 / 255 };
}

/** Two epochs of a network of 64 hidden units on the current backend, on 2,000 made-up images. */
export async function shortTraining(): Promise<ShortTraining> {
  const optimizer = createOptimizer('sgd', 0.5);
  const state = startState(initParams(FEATURES, CLASSES, [64], createRandom(1, 'init')), optimizer);
  const losses: number[] = [];
  const testAccuracies: number[] = [];
  const run = train({
    state,
    trainIter: dataIterator(samples(2000, 'split'), 20, { shuffleSeed: 1 }),
    testIter: dataIterator(samples(1000, 'gradcheck'), 250),
    numEpochs: 2,
    optimizer,
  });
  for await (const event of run) {
    if (event.type !== 'epoch') continue;
    losses.push(event.loss);
    testAccuracies.push(event.testAccuracy!);
  }
  const params: string[] = [];
  for (const { tensor } of parametersOf(state.network)) {
    params.push(Buffer.from(Float32Array.from(await tensor.data()).buffer).toString('base64'));
  }
  disposeState(state);
  return { losses, testAccuracies, params };
}
