/**
 * The post's eight steps with this library, in its order and with its names.
 *
 *   node --require ./bin/register.js examples/from-scratch.ts [epochs]
 */

// 1. Importing libraries --------------------------------------------------------------------------------------------
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  createOptimizer,
  createRandom,
  crossEntropyLoss,
  disposeState,
  evaluateAccuracy,
  initParams,
  type Layer,
  linear,
  linearBackward,
  linearInputBackward,
  loadDataFashionMnist,
  mlp,
  oneHot,
  relu,
  reluBackward,
  selectBackend,
  softmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  startState,
  train,
  updater,
  withParameters,
} from '../src';

async function main() {
  const { name, device } = await selectBackend('auto');
  console.log(`TensorFlow.js runs on ${name} (${device})`);

  // 2. Initializing parameters ----------------------------------------------------------------------------------------
  const [numInputs, numOutputs, numHiddens] = [28 * 28, 10, 256];
  const network = initParams(numInputs, numOutputs, numHiddens, createRandom(0, 'init'));
  const [{ W: W1, b: b1 }, { W: W2, b: b2 }] = network.layers as [Layer, Layer];
  console.log('W1', W1.shape, 'b1', b1.shape, 'W2', W2.shape, 'b2', b2.shape);

  // 3. Defining the model ---------------------------------------------------------------------------------------------
  tf.tidy(() => {
    console.log('relu([[-1, 0, 2]]) =', relu(tf.tensor2d([[-1, 0, 2]])).toString());
    console.log('two blank images have logits of shape', mlp(tf.zeros([2, 28, 28]), network).shape);
  });

  // 4. Defining the loss function -------------------------------------------------------------------------------------
  tf.tidy(() => {
    const yHat = softmax(tf.tensor2d([[2, 1, 0]]));
    console.log('softmax([[2, 1, 0]]) =', yHat.toString());
    console.log(
      'its loss, when the first class is right:',
      crossEntropyLoss(yHat, tf.tensor1d([0], 'int32')).toString(),
    );
  });

  // 5. Defining the optimizer -----------------------------------------------------------------------------------------
  tf.tidy(() => {
    const [moved] = updater([tf.tensor1d([1])], [tf.tensor1d([0.5])], 0.1);
    console.log('1 with gradient 0.5 and learning rate 0.1 becomes', moved!.toString());
  });

  // 6. Creating the mini-batch iterators ------------------------------------------------------------------------------
  const batchSize = 256;
  const [trainIter, testIter] = await loadDataFashionMnist(batchSize);
  console.log(`${trainIter.numSamples} training images, ${testIter.numSamples} test images, ${batchSize} a batch`);

  // 7. Evaluating the accuracy ----------------------------------------------------------------------------------------
  console.log('accuracy before training:', await evaluateAccuracy(testIter, network));

  // 8. Creating the training function ---------------------------------------------------------------------------------
  const lr = 0.1;
  // What the post's loop does in one step, with l.backward() written out:
  for (const { X, y } of trainIter) {
    tf.tidy(() => {
      const T = oneHot(y, numOutputs);
      const Z = linear(X, W1, b1); // forward
      const H = relu(Z);
      const O = linear(H, W2, b2);
      const { loss, P } = softmaxCrossEntropy(O, T);
      const dO = softmaxCrossEntropyBackward(P, T); // backward: the same lines, from the last to the first
      const { dW: dW2, db: db2 } = linearBackward(dO, H);
      const dH = linearInputBackward(dO, W2);
      const dZ = reluBackward(dH, H);
      const { dW: dW1, db: db1 } = linearBackward(dZ, X);
      const updated = updater([W1, b1, W2, b2], [dW1, db1, dW2, db2], lr);
      const after = crossEntropyLoss(softmax(mlp(X, withParameters(network, updated))), y);
      console.log(`one step: loss ${loss.dataSync()[0]} -> ${after.dataSync()[0]}`);
      console.log(`right in this batch: ${accuracy(P, y).dataSync()[0]} of ${y.size}`);
    });
    break;
  }

  // And all of it:
  const numEpochs = Number(process.argv[2] ?? 10);
  const optimizer = createOptimizer('sgd', lr);
  const state = startState(network, optimizer);
  for await (const event of train({ state, optimizer, trainIter, testIter, numEpochs })) {
    if (event.type !== 'epoch') continue;
    const { epoch, lastBatchLoss, testAccuracy } = event;
    console.log(`Epoch ${epoch}, Loss: ${lastBatchLoss.toFixed(4)}, Test Accuracy: ${testAccuracy!.toFixed(4)}`);
  }
  disposeState(state);
}

void main();
