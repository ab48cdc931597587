import { loadDataset, type LoadOptions } from './data/loadDataset';
import { dataIterator, type DataIterator } from './training/batches';

/**
 * The post's data: Fashion-MNIST's 60,000 training images, reshuffled for every pass, and its 10,000 test images.
 * Downloads and verifies them if they are missing.
 * @param batchSize samples per batch; the last batch of a pass may be smaller
 * @param seed determines the order
 * @throws HandgradError 'data' when the data can be neither found nor downloaded, or is not what it claims to be
 */
export async function loadDataFashionMnist(
  batchSize: number,
  { seed = 0, ...options }: LoadOptions = {},
): Promise<[trainIter: DataIterator, testIter: DataIterator]> {
  const { train, test } = await loadDataset('fashion-mnist', options);
  return [dataIterator(train, batchSize, { shuffleSeed: seed }), dataIterator(test, batchSize)];
}
