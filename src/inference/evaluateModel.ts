import type { OpenedModel } from '../runs/modelConfig';
import { dataIterator } from '../training/batches';
import { classesAt, type ClassificationFigures, classificationFigures } from '../training/classificationFigures';
import { evaluationBatchSize } from '../training/evaluate';
import { predictClasses } from '../training/predictClasses';
import { createTurn } from '../training/turn';
import { assertThreshold, type ThresholdOptions } from './threshold';
import { useModel, type UseOptions, type UseSettings } from './useModel';

/** The results of a network on a test set. Undefined figures, such as the ROC AUC of an absent class, are null. */
export interface Evaluation extends Omit<ClassificationFigures, 'perClass'> {
  readonly dataset: string;
  readonly backend: string;
  readonly samples: number;
  /** Mean cross-entropy, also called log loss. */
  readonly loss: number;
  readonly perClass: readonly (ClassificationFigures['perClass'][number] & {
    readonly label: number;
    readonly name: string;
  })[];
  /** The threshold of the figures, if one was given. */
  readonly threshold?: number;
}

/**
 * Evaluates a trained network on the test set of the data it was trained on, or of the data asked for.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @throws HandgradError 'model' when it is not valid, or is a network for other data; 'usage', 'data', 'backend'; the
 *   signal's reason when it is aborted
 */
export async function evaluateModel(
  model: string | OpenedModel,
  settings: UseSettings = {},
  options: UseOptions & ThresholdOptions = {},
): Promise<Evaluation> {
  const { dataset, backend, network, classNames, close } = await useModel(model, settings, options);
  try {
    const { threshold } = options;
    const { test, numOutputs: k } = dataset;
    assertThreshold(threshold, k);
    const turn = createTurn(options.signal);
    const found = await predictClasses(dataIterator(test, evaluationBatchSize(network)), network, turn);
    const { probabilities, loss } = found;
    const predicted = threshold === undefined ? found.predicted : classesAt(threshold, probabilities);
    const figures = await classificationFigures({ probabilities, predicted, labels: test.labels, k }, turn);
    return {
      ...{ dataset: dataset.name, backend: backend.name, samples: test.count, loss },
      ...(threshold !== undefined && { threshold }),
      ...figures,
      perClass: figures.perClass.map((one, label) => ({ label, name: classNames[label]!, ...one })),
    };
  } finally {
    close();
  }
}
