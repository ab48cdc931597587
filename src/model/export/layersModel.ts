import type { Target } from '../../data/samples';
import type { ActivationName } from '../../nn/activations';
import { type ExportedFile, floatBytes } from './exported';
import type { PlainLayer, PlainNetwork } from './plainNetwork';

/** A layer of the graph: its class and settings, and the names of the layers that it takes as inputs. */
interface Node {
  readonly name: string;
  readonly class_name: string;
  readonly config: object;
  readonly from: readonly string[];
}

const activationNode = (activation: string) => (from: string, name: string) => [
  { name, class_name: 'Activation', config: { activation }, from: [from] },
];

/**
 * The activations as layers of TensorFlow.js, from the one called `from` to the one called `name`. Its `gelu` is the
 * exact form, and its tanh form, `gelu_new`, cannot be loaded from a file (4.22 looks for `geluNew`), so gelu is
 * composed here: (1 + tanh u) / 2 = σ(2u), and x σ(2u) with u = √(2/π) x (1 + 0.044715 x²) takes six loadable layers.
 * No layer takes the same input twice: TensorFlow.js would dispose of it too early.
 */
const KERAS = {
  relu: activationNode('relu'),
  'leaky-relu': (from, name) => [{ name, class_name: 'LeakyReLU', config: { alpha: 0.01 }, from: [from] }],
  tanh: activationNode('tanh'),
  sigmoid: activationNode('sigmoid'),
  silu: activationNode('swish'),
  gelu: (from, name) => {
    const slope = 2 * Math.sqrt(2 / Math.PI);
    const rescaling = (part: string, of: string, scale: number, offset: number): Node => ({
      name: `${name}_${part}`,
      class_name: 'Rescaling',
      config: { scale, offset },
      from: [of],
    });
    const product = (of: string, called: string): Node => ({
      name: called,
      class_name: 'Multiply',
      config: {},
      from: [from, of],
    });
    return [
      rescaling('scaled', from, 0.044715, 0),
      product(`${name}_scaled`, `${name}_square`),
      rescaling('factor', `${name}_square`, slope, slope),
      product(`${name}_factor`, `${name}_argument`),
      ...activationNode('sigmoid')(`${name}_argument`, `${name}_gate`),
      product(`${name}_gate`, name),
    ];
  },
} satisfies Record<ActivationName, (from: string, name: string) => readonly Node[]>;

/** The last layer with the units of the labels folded in: (x·W + b)·std + mean. */
function inUnits({ W, b, ...layer }: PlainLayer, targets: readonly Target[]): PlainLayer {
  const k = targets.length;
  return {
    ...layer,
    W: W.map((weight, i) => weight * targets[i % k]!.std),
    b: b.map((bias, i) => bias * targets[i]!.std + targets[i]!.mean),
  };
}

/**
 * The network as a TensorFlow.js Layers model, for `tf.loadLayersModel`: `model.json`, in the form of a Keras 2 model,
 * and `weights.bin`. Its inputs are features as stored, [n, inputs]; of a table, as it was prepared. Its outputs are
 * probabilities, [n, classes], or for regression values in the units of the labels.
 */
export function layersModel({ layers: plain, activation, classNames, targets }: PlainNetwork): ExportedFile[] {
  const layers = targets ? [...plain.slice(0, -1), inUnits(plain.at(-1)!, targets)] : plain;
  const nodes = layers.flatMap(({ outputs }, l): readonly Node[] => {
    const name = `dense_${l + 1}`;
    const last = l === layers.length - 1;
    const config = { units: outputs, activation: last && !targets ? 'softmax' : 'linear', use_bias: true };
    const dense = { name, class_name: 'Dense', config, from: [l === 0 ? 'features' : `activation_${l}`] };
    return [dense, ...(last ? [] : KERAS[activation](name, `activation_${l + 1}`))];
  });
  const input = {
    name: 'features',
    class_name: 'InputLayer',
    config: { name: 'features', batch_input_shape: [null, layers[0]!.inputs], dtype: 'float32', sparse: false },
    inbound_nodes: [],
  };
  const parts = nodes.map(({ name, class_name, config, from }) => ({
    name,
    class_name,
    config: { name, trainable: true, dtype: 'float32', ...config },
    inbound_nodes: [from.map((layer) => [layer, 0, 0, {}])],
  }));
  const graph = {
    name: 'handgrad',
    layers: [input, ...parts],
    input_layers: [['features', 0, 0]],
    output_layers: [[`dense_${layers.length}`, 0, 0]],
  };
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
      model_config: { class_name: 'Model', config: graph },
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
    userDefinedMetadata: targets ? { labels: targets.map(({ name }) => name) } : { classNames },
  };
  return [
    { name: 'model.json', bytes: Buffer.from(`${JSON.stringify(model, null, 1)}\n`) },
    { name: 'weights.bin', bytes: floatBytes(layers.flatMap(({ W, b }) => [W, b])) },
  ];
}
