import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { dirname, join } from 'node:path';
import { layersModel } from '../../src/model/export/layersModel';
import type { PlainNetwork } from '../../src/model/export/plainNetwork';
import { ACTIVATIONS, type ActivationName } from '../../src/nn/activations';
import { browserLacks, openBrowser, serve } from '../browser';
import { compared, exported, useRealNetwork } from '../model/export/realNetwork';
import { smallNetwork } from '../model/export/smallNetwork';
import { need } from '../need';

// TensorFlow.js Layers itself, here and in a browser, on all of Fashion-MNIST's test images. In the oracle's process,
// because @tensorflow/tfjs registers gradients.

describe('export --format layers', function () {
  this.timeout(180_000);
  const network = useRealNetwork('--activation', 'leaky-relu');
  let server: Awaited<ReturnType<typeof serve>>;
  before(async () => {
    const layers = await exported(network(), '--format', 'layers');
    const tfjs = join(dirname(require.resolve('@tensorflow/tfjs/package.json')), 'dist');
    server = await serve({ '': network().folder, layers, tfjs });
  });
  after(() => server?.close());
  const agrees = (found: ArrayLike<number>) => {
    const { difference, accuracy } = compared(network(), found);
    expect(difference).to.be.below(1e-5);
    expect(accuracy).to.be.closeTo(network().accuracy, 1e-6);
    expect(accuracy).to.be.above(0.5);
  };

  it('is loaded by tf.loadLayersModel in Node, and gives our probabilities from raw pixels', async () => {
    const model = await tf.loadLayersModel(`${server.url}/layers/model.json`);
    const { features, count, numInputs } = network().dataset.test;
    const X = tf.tensor2d(Float32Array.from(features), [count, numInputs]);
    const P = model.predict(X, { batchSize: 1000 }) as tf.Tensor;
    agrees(await P.data());
    model.dispose();
    tf.dispose([X, P]);
  });

  it('is loaded by tf.loadLayersModel in Chromium, and gives our probabilities from raw pixels', async function () {
    need(this, browserLacks);
    const browser = await openBrowser();
    const { page, complaints } = browser;
    try {
      await page.goto(`${server.url}/layers/model.json`);
      await page.addScriptTag({ url: '/tfjs/tf.min.js' });
      const found = await page.evaluate(async (count: number) => {
        const { tf: inPage } = globalThis as unknown as { tf: typeof tf };
        const model = await inPage.loadLayersModel('/layers/model.json');
        const images = new Uint8Array(await (await fetch('/images.bin')).arrayBuffer());
        const X = inPage.tensor2d(Float32Array.from(images), [count, images.length / count]);
        const P = model.predict(X, { batchSize: 1000 }) as tf.Tensor;
        return [...(await P.data())];
      }, network().dataset.test.count);
      agrees(found);
      expect(complaints).to.deep.equal([]);
    } finally {
      await browser.close();
    }
  });

  /** What TensorFlow.js Layers gives 40 samples. */
  const loaded = async (small: PlainNetwork, features: Uint8Array) => {
    const [json, weights] = layersModel(small);
    const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(json!.bytes).toString()) as {
      modelTopology: object;
      weightsManifest: tf.io.WeightsManifestConfig;
    };
    const weightData = new Uint8Array(weights!.bytes).buffer;
    const weightSpecs = weightsManifest[0]!.weights;
    const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
    return model.predict(tf.tensor2d(Float32Array.from(features), [40, 6])) as tf.Tensor2D;
  };

  it('gives the values of a regression in the units of its labels', async () => {
    const { network: small, features, probabilities } = smallNetwork('relu');
    const targets = [3, -20, 500].map((mean, i) => ({ name: `label ${i}`, mean, std: 2 + 7 * i }));
    const values = await loaded({ ...small, targets }, features);
    // Standardized again they are the logits, of which we know the softmax.
    const O = tf.div(tf.sub(values, [targets.map(({ mean }) => mean)]), [targets.map(({ std }) => std)]);
    const found = await tf.softmax(O).data();
    probabilities.forEach((probability, i) => expect(found[i]).to.be.closeTo(probability, 1e-4));
  });

  for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
    it(`${activation} is what it is here`, async () => {
      const { network: small, features, probabilities } = smallNetwork(activation);
      const found = await (await loaded(small, features)).data();
      probabilities.forEach((probability, i) => expect(found[i]).to.be.closeTo(probability, 1e-5));
    });
  }
});
