import type { OpenedModel } from '../runs/modelConfig';
import { dataIterator } from '../training/batches';
import { classesAt, type ClassificationFigures, classificationFigures } from '../training/classificationFigures';
import { evaluationBatchSize, type OutputFigures, type RegressionFigures } from '../training/evaluate';
import { predictClasses } from '../training/predictClasses';
import { createTurn } from '../training/turn';
import { regressionFigures } from './scoreSamples';
import { assertThreshold, type ThresholdOptions } from './threshold';
import { type UsedModel, useModel, type UseOptions, type UseSettings } from './useModel';

interface Evaluated {
  readonly dataset: string;
  readonly backend: string;
  readonly samples: number;
}

/**
 * The results of a classifier on a test set. Undefined figures, such as the ROC AUC of an absent class, are null.
 */
export interface ClassificationEvaluation extends Evaluated, Omit<ClassificationFigures, 'perClass'> {
  /** Mean cross-entropy, also called log loss. */
  readonly loss: number;
  readonly perClass: readonly (ClassificationFigures['perClass'][number] & {
    readonly label: number;
    readonly name: string;
  })[];
  /** The threshold of the figures, if one was given. */
  readonly threshold?: number;
}

/** The results of a network that predicts numbers, on a test set. */
export interface RegressionEvaluation extends Evaluated, RegressionFigures {
  readonly perOutput: readonly OutputFigures[];
}

/** The results of a network on a test set. Only those of a classifier have an `accuracy`. */
export type Evaluation = ClassificationEvaluation | RegressionEvaluation;

/**
 * Evaluates a trained network on the test set of the data it was trained on, or of the data asked for. All samples
 * count alike, whatever their weights.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @throws HandgradError 'model' when it is not valid, or is a network for other data; 'usage', 'data', 'backend'; the
 *   signal's reason when it is aborted
 */
export async function evaluateModel(
  model: string | OpenedModel,
  settings: UseSettings = {},
  options: UseOptions & ThresholdOptions = {},
): Promise<Evaluation> {
  const used = await useModel(model, settings, options);
  try {
    const { dataset, backend } = used;
    const evaluated = { dataset: dataset.name, backend: backend.name, samples: dataset.test.count };
    assertThreshold(options.threshold, dataset.targets ? undefined : dataset.numOutputs);
    return {
      ...evaluated,
      ...(await (dataset.targets ? regressionFigures(used, dataset.test) : classification(used, options))),
    };
  } finally {
    used.close();
  }
}

async function classification(
  { dataset, network, classNames }: UsedModel,
  { threshold, signal }: UseOptions & ThresholdOptions,
): Promise<Omit<ClassificationEvaluation, keyof Evaluated>> {
  const { test, numOutputs: k } = dataset;
  const turn = createTurn(signal);
  const found = await predictClasses(dataIterator(test, evaluationBatchSize(network)), network, turn);
  const { probabilities, loss } = found;
  const predicted = threshold === undefined ? found.predicted : classesAt(threshold, probabilities);
  const figures = await classificationFigures({ probabilities, predicted, labels: test.labels, k }, turn);
  return {
    loss,
    ...(threshold !== undefined && { threshold }),
    ...figures,
    perClass: figures.perClass.map((one, label) => ({ label, name: classNames[label]!, ...one })),
  };
}
