import type { ActivationName } from '../nn/activations';
import { type ExportedFile, floatBytes } from './exported';
import type { PlainNetwork } from './plainNetwork';

/** The activations by the names that TensorFlow.js and Keras give them. */
const KERAS_NAMES = { relu: 'relu' } satisfies Record<ActivationName, string>;

/**
 * The network as a TensorFlow.js Layers model, for `tf.loadLayersModel`: `model.json`, in the form of a Keras 2 Sequential
 * model, and `weights.bin`. It takes features as they are stored, [n, inputs], and gives probabilities, [n, classes].
 */
export function layersModel({ layers, activation, classNames }: PlainNetwork): ExportedFile[] {
  const dense = layers.map(({ inputs, outputs }, l) => ({
    class_name: 'Dense',
    config: {
      name: `dense_${l + 1}`,
      trainable: true,
      dtype: 'float32',
      units: outputs,
      activation: l === layers.length - 1 ? 'softmax' : KERAS_NAMES[activation],
      use_bias: true,
      ...(l === 0 && { batch_input_shape: [null, inputs] }),
    },
  }));
  const weights = layers.flatMap(({ inputs, outputs }, l) => [
    { name: `dense_${l + 1}/kernel`, shape: [inputs, outputs], dtype: 'float32' },
    { name: `dense_${l + 1}/bias`, shape: [outputs], dtype: 'float32' },
  ]);
  const model = {
    format: 'layers-model',
    generatedBy: 'handgrad',
    convertedBy: null,
    modelTopology: {
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
      model_config: { class_name: 'Sequential', config: { name: 'handgrad', layers: dense } },
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
    userDefinedMetadata: { classNames },
  };
  return [
    { name: 'model.json', bytes: Buffer.from(`${JSON.stringify(model, null, 1)}\n`) },
    { name: 'weights.bin', bytes: floatBytes(layers.flatMap(({ W, b }) => [W, b])) },
  ];
}
