import { selectBackend } from '../../src/backends';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { loadDataset } from '../../src/data/loadDataset';
import { type Samples, selectRows } from '../../src/data/samples';
import { initParams } from '../../src/nn/initialize';
import { createOptimizer } from '../../src/optim/optimizers';
import { createRandom } from '../../src/random';
import type { Configuration } from '../../src/sweeps/spec/samplers';
import { type Executor, runTrials } from '../../src/sweeps/runTrials';
import { readSweep } from '../../src/sweeps/spec/sweepFile';
import { replay } from '../../src/sweeps/state/sweepState';
import { dataIterator } from '../../src/training/batches';
import { train, type TrainOptions } from '../../src/training/train';
import { disposeState, startState } from '../../src/training/trainState';

// Successive halving against random search at equal total epochs, learning rate x width, on a part of
// Fashion-MNIST. The decisions are those of `sweep`; the runs are real and stay in this process, so that only
// epochs count. The space is as wide as without prior knowledge, and there are enough test samples that the best
// settings differ by more than chance.
//
//   node --require ./bin/register.js bench/sweeps/halving.ts [repeats] [first]

const [EPOCHS, CONFIGURATIONS, TRAIN, VALIDATION] = [27, 81, 5000, 10_000];

async function main(): Promise<void> {
  const [repeats = 5, first = 0] = process.argv.slice(2).map(Number);
  await selectBackend('wasm', { threads: 1 });
  const { train: all } = await loadDataset('fashion-mnist', {
    dataDir: process.env['HANDGRAD_DATA_DIR'] || defaultDataDir(),
  });
  const rows = (from: number, count: number) =>
    selectRows(
      all,
      Int32Array.from({ length: count }, (_, i) => from + i),
    );
  const data = { train: rows(0, TRAIN), validation: rows(TRAIN, VALIDATION) };
  for (let seed = first; seed < first + repeats; seed++) {
    const halving = await search(data, seed, CONFIGURATIONS, { type: 'hyperband', min_iter: 1, eta: 3 });
    const random = await search(data, seed + 1000, Math.round(halving.epochs / EPOCHS), undefined);
    const reached = halving.history.find(({ best }) => best >= random.best)?.epochs;
    console.log(
      JSON.stringify({
        repeat: seed + 1,
        halving: { best: halving.best, epochs: halving.epochs },
        random: { best: random.best, epochs: random.epochs },
        atLeastAsGood: halving.best >= random.best,
        // The epochs after which halving reached the final result of random search.
        shareForEqualQuality: reached === undefined ? null : Number((reached / random.epochs).toFixed(3)),
      }),
    );
  }
}

interface Found {
  best: number;
  epochs: number;
  readonly history: { epochs: number; best: number }[];
}

async function search(
  data: { train: Samples; validation: Samples },
  seed: number,
  runCap: number,
  early: object | undefined,
): Promise<Found> {
  const file = {
    method: 'random',
    seed,
    run_cap: runCap,
    metric: { name: 'testAccuracy', goal: 'maximize' },
    parameters: {
      lr: { distribution: 'log_uniform_values', min: 1e-4, max: 10 },
      hidden: { values: [4, 8, 16, 32, 64, 128, 256] },
    },
    fixed: { epochs: EPOCHS },
    ...(early && { early_terminate: early }),
  };
  const found: Found = { best: 0, epochs: 0, history: [] };
  const runs = new Map<number, TrainOptions>();
  const executor: Executor = {
    capacity: () => 1,
    async run(run) {
      const options = runs.get(run.trial) ?? begin(data, run.settings);
      runs.set(run.trial, options);
      let value = 0;
      for await (const event of train({ ...options, numEpochs: run.epochs })) {
        if (event.type !== 'epoch') continue;
        value = event.testAccuracy!;
        found.epochs++;
        found.best = Math.max(found.best, value);
        found.history.push({ epochs: found.epochs, best: found.best });
      }
      return {
        type: 'result',
        result: { value, curve: [], epochs: run.epochs, seconds: 0, trainingSeconds: 0, config: {} },
      };
    },
  };
  const state = replay(readSweep(file), []);
  const journal = { append: async () => {}, close: async () => {} };
  await runTrials({
    state,
    journal,
    executor,
    advisor: undefined,
    retries: 0,
    onEvent: () => {},
    signal: new AbortController().signal,
  });
  for (const { state } of runs.values()) disposeState(state);
  return found;
}

function begin(data: { train: Samples; validation: Samples }, { lr, hidden }: Configuration): TrainOptions {
  const network = initParams(data.train.numInputs, 10, hidden as number[], createRandom(0, 'init'));
  const optimizer = createOptimizer('sgd', lr as number);
  return {
    state: startState(network, optimizer),
    optimizer,
    trainIter: dataIterator(data.train, 64, { shuffleSeed: 0 }),
    testIter: dataIterator(data.validation, 1000),
    numEpochs: EPOCHS,
  };
}

void main();
