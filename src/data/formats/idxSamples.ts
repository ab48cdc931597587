import { HandgradError } from '../../errors';
import type { Role } from '../catalog';
import { type IdxArray, shapeText } from './idx';
import type { Dataset, Samples } from '../samples';

/**
 * Makes a data set from four IDX arrays, without copying the images.
 * @param paths the files, for messages
 * @param classNames one per class; without it the classes are "0", or "1" if no sample has 0, … the largest training
 * label
 * @throws HandgradError 'data' when the arrays do not fit together
 */
export function idxSamples(
  arrays: Readonly<Record<Role, IdxArray>>,
  paths: Readonly<Record<Role, string>>,
  classNames?: readonly string[],
): Omit<Dataset, 'name' | 'digest'> {
  const train = pair(arrays.trainImages, arrays.trainLabels, paths.trainImages, paths.trainLabels);
  const test = pair(arrays.testImages, arrays.testLabels, paths.testImages, paths.testLabels);
  const [, ...each] = arrays.trainImages.shape;
  const [, ...eachTest] = arrays.testImages.shape;
  if (each.join() !== eachTest.join()) {
    throw bad(
      paths.testImages,
      `holds samples of shape ${shapeText(eachTest)}, the training ones are ${shapeText(each)}`,
    );
  }
  // Some data sets, such as the letters of EMNIST, count from 1.
  const first = classNames || [train, test].some(({ labels }) => labels.includes(0)) ? 0 : 1;
  if (first === 1) for (const { labels } of [train, test]) labels.forEach((label, i) => (labels[i] = label - 1));
  const names = classNames ?? Array.from({ length: 1 + largest(train.labels) }, (_, label) => String(label + first));
  checkLabels(train.labels, names.length, paths.trainLabels);
  checkLabels(test.labels, names.length, paths.testLabels);
  const [height, width] = each;
  return {
    train,
    test,
    numInputs: train.numInputs,
    numOutputs: names.length,
    classNames: names,
    ...(height !== undefined && width !== undefined ? { imageShape: [height, width] as const } : {}),
  };
}

/**
 * Checks that the shapes of images and labels belong together.
 * @throws HandgradError 'data' naming the file
 */
export function assertPair(
  images: readonly number[],
  labels: readonly number[],
  imagesPath: string,
  labelsPath: string,
): void {
  if (labels.length !== 1) throw bad(labelsPath, `has the shape ${shapeText(labels)}, which is not a shape of labels`);
  if (images.length !== 2 && images.length !== 3) {
    const expected = 'images [count, height, width] or rows [count, features] are expected';
    throw bad(imagesPath, `has the shape ${shapeText(images)}, where ${expected}`);
  }
  if (images[0] === labels[0]) return;
  throw bad(imagesPath, `holds ${images[0]} samples, but ${labelsPath} holds ${labels[0]} labels`);
}

function pair(images: IdxArray, labels: IdxArray, imagesPath: string, labelsPath: string): Samples {
  assertPair(images.shape, labels.shape, imagesPath, labelsPath);
  const count = images.shape[0]!;
  const numInputs = images.data.length / count;
  return { features: images.data, scale: 1 / 255, labels: Int32Array.from(labels.data), count, numInputs };
}

function checkLabels(labels: Int32Array, numOutputs: number, path: string): void {
  const position = labels.findIndex((label) => label >= numOutputs);
  if (position < 0) return;
  throw bad(
    path,
    `has the label ${labels[position]} at position ${position}, where only 0 to ${numOutputs - 1} are known`,
  );
}

function largest(labels: Int32Array): number {
  return labels.reduce((most, label) => Math.max(most, label), 0);
}

function bad(where: string, found: string): HandgradError {
  return new HandgradError('data', `${where} ${found}; give four files that belong together.`);
}
