import type { ActivationName } from '../nn/activations';
import { HandgradError } from '../errors';
import { type ExportedFile, floatBytes } from './exported';
import type { PlainNetwork } from './plainNetwork';

/** An activation as the name that a dense layer takes, or as a layer of its own behind it. */
type KerasActivation = { readonly name: string } | { readonly layer: string; readonly config: object };

/**
 * The activations in TensorFlow.js Layers. Its `gelu` is the exact one, and 4.22 cannot load its own `gelu_new`, the tanh form
 * that is used here: it looks for the name in camel case.
 */
const KERAS = {
  relu: { name: 'relu' },
  'leaky-relu': { layer: 'LeakyReLU', config: { alpha: 0.01 } },
  tanh: { name: 'tanh' },
  sigmoid: { name: 'sigmoid' },
  gelu: undefined,
  silu: { name: 'swish' },
} satisfies Record<ActivationName, KerasActivation | undefined>;

/**
 * The network as a TensorFlow.js Layers model, for `tf.loadLayersModel`: `model.json`, in the form of a Keras 2 Sequential
 * model, and `weights.bin`. It takes features as they are stored, [n, inputs], and gives probabilities, [n, classes].
 * @throws HandgradError 'usage' for an activation that TensorFlow.js Layers cannot load
 */
export function layersModel({ layers, activation, classNames }: PlainNetwork): ExportedFile[] {
  const between: KerasActivation | undefined = KERAS[activation];
  if (!between) {
    throw new HandgradError('usage', `TensorFlow.js Layers cannot load ${activation}; choose --format onnx or web.`);
  }
  const parts = layers.flatMap(({ inputs, outputs }, l) => {
    const last = l === layers.length - 1;
    const dense = {
      class_name: 'Dense',
      config: {
        name: `dense_${l + 1}`,
        trainable: true,
        dtype: 'float32',
        units: outputs,
        activation: last ? 'softmax' : 'name' in between ? between.name : 'linear',
        use_bias: true,
        ...(l === 0 && { batch_input_shape: [null, inputs] }),
      },
    };
    if (last || 'name' in between) return [dense];
    const config = { name: `activation_${l + 1}`, trainable: true, dtype: 'float32', ...between.config };
    return [dense, { class_name: between.layer, config }];
  });
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
      model_config: { class_name: 'Sequential', config: { name: 'handgrad', layers: parts } },
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
    userDefinedMetadata: { classNames },
  };
  return [
    { name: 'model.json', bytes: Buffer.from(`${JSON.stringify(model, null, 1)}\n`) },
    { name: 'weights.bin', bytes: floatBytes(layers.flatMap(({ W, b }) => [W, b])) },
  ];
}
