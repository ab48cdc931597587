import type { Samples } from '../data/samples';
import { createLoss } from '../nn/losses';
import { lossFor } from '../runs/task';
import { dataIterator } from '../training/batches';
import { evaluate, evaluateRegression, evaluationBatchSize } from '../training/evaluate';
import type { UsedModel } from './useModel';

/** The figures of a network that predicts numbers, on some samples. */
export function regressionFigures({ model, dataset, network }: UsedModel, samples: Samples) {
  const { config } = model;
  const loss = createLoss(lossFor({ loss: config?.loss }, dataset), { delta: config?.huberDelta });
  return evaluateRegression(dataIterator(samples, evaluationBatchSize(network)), network, loss, dataset.targets!);
}

/** What a network is judged by on some samples, the higher the better: accuracy, or R² where it predicts numbers. */
export async function scoreSamples(used: UsedModel, samples: Samples): Promise<number> {
  if (used.dataset.targets) return (await regressionFigures(used, samples)).r2;
  return (await evaluate(dataIterator(samples, evaluationBatchSize(used.network)), used.network)).accuracy;
}
