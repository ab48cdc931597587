import type { OpenedModel } from '../runs/modelConfig';
import { dataIterator } from '../training/batches';
import { classReport, type ClassFigures } from '../training/classReport';
import { confusionMatrix, evaluate, evaluationBatchSize } from '../training/evaluate';
import { useModel, type UseOptions, type UseSettings } from './useModel';

/** The results of a network on a test set. */
export interface Evaluation {
  readonly dataset: string;
  readonly backend: string;
  readonly samples: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The share of the samples that are classified correctly. */
  readonly accuracy: number;
  readonly perClass: readonly (ClassFigures & { readonly label: number; readonly name: string })[];
  /** [k][k] counts, true class by predicted class. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Evaluates a trained network on the test set of the data it was trained on, or of the data asked for.
 * @param model a run folder, a `.safetensors` file, or what `openModel` gave
 * @throws HandgradError 'model' when it is not valid, or is a network for other data; 'usage', 'data', 'backend'
 */
export async function evaluateModel(
  model: string | OpenedModel,
  settings: UseSettings = {},
  options: UseOptions = {},
): Promise<Evaluation> {
  const { dataset, backend, network, classNames, close } = await useModel(model, settings, options);
  try {
    const testIter = dataIterator(dataset.test, evaluationBatchSize(network));
    const { loss, accuracy } = await evaluate(testIter, network);
    const confusion = await confusionMatrix(testIter, network);
    const perClass = classReport(confusion).map((figures, label) => ({ label, name: classNames[label]!, ...figures }));
    const samples = dataset.test.count;
    return { dataset: dataset.name, backend: backend.name, samples, loss, accuracy, perClass, confusion };
  } finally {
    close();
  }
}
