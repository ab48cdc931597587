import type { Preparation } from '../../data/samples';
import type { ActivationName } from '../../nn/activations';
import { preparationGraph } from './onnxPreparation';
import { type Attribute, encodeOnnx, float, type Graph, int, type Node, tensor, text, texts, ints } from './onnxProto';
import type { PlainNetwork } from './plainNetwork';

interface Operator {
  readonly opType: string;
  readonly attribute?: readonly Attribute[];
  /** An input besides the output of the previous operator: `O`, the pre-activations of the layer. */
  readonly and?: 'O';
}

/** The activations as sequences of ONNX operators. */
const OPERATORS = {
  relu: [{ opType: 'Relu' }],
  'leaky-relu': [{ opType: 'LeakyRelu', attribute: [float('alpha', 0.01)] }],
  tanh: [{ opType: 'Tanh' }],
  sigmoid: [{ opType: 'Sigmoid' }],
  gelu: [{ opType: 'Gelu', attribute: [text('approximate', 'tanh')] }],
  silu: [{ opType: 'Sigmoid' }, { opType: 'Mul', and: 'O' }],
} satisfies Record<ActivationName, readonly Operator[]>;

/**
 * The network as an ONNX model. Its input is `features` [n, inputs], as stored,
 * its output `probabilities` [n, classes]; the class names are in the metadata, as JSON under `class_names`.
 */
export function onnxModel(network: PlainNetwork): Uint8Array {
  const { layers, classNames } = network;
  const { nodes, constants } = layerGraph(network, 'features', (name) => name, 'O');
  const softmax = softmaxNode('O', 'probabilities');
  const graph: Graph = {
    nodes: [...nodes, softmax],
    constants,
    inputs: [{ name: 'features', type: 'float', width: layers[0]!.inputs }],
    outputs: [{ name: 'probabilities', type: 'float', width: layers.at(-1)!.outputs }],
  };
  return encodeOnnx(graph, classNames ? { class_names: JSON.stringify(classNames) } : {});
}

const softmaxNode = (from: string, to: string): Node => ({
  ...{ opType: 'Softmax', input: [from], output: [to], attribute: [int('axis', 1)] },
});

/**
 * A network of a table as an ONNX model that prepares the rows itself. Its inputs are the columns by name, [n, 1] each:
 * double for numbers, NaN where one is missing, and for dates, in days since 1970-01-01, UTC; string for categories,
 * empty where one is missing. Its outputs are `label` [n], string, and `probabilities` [n, classes], float; for
 * regression `values` [n, labels], double, in the units of the labels. An underscore follows the name of an output that
 * is also that of a column. Metadata, as JSON: `class_names` or `label_names`.
 */
export function onnxTableModel(network: PlainNetwork, preparation: Preparation): Uint8Array {
  const { layers, classNames = [] } = network;
  const { inputs, targets } = preparation;
  const names = new Set(inputs.map(({ name }) => name));
  // No name inside the graph may be that of a column.
  let prefix = 'handgrad/';
  while (inputs.some(({ name }) => name.startsWith(prefix))) prefix = `_${prefix}`;
  const inner = (name: string) => prefix + name;
  const outer = (name: string): string => (names.has(name) ? outer(`${name}_`) : name);
  const prepared = preparationGraph(inputs, inner);
  const layered = layerGraph(network, prepared.output, inner, inner('O'));
  const width = layers.at(-1)!.outputs;
  const before = {
    nodes: [...prepared.nodes, ...layered.nodes],
    constants: [...prepared.constants, ...layered.constants],
  };
  if (targets) {
    const values = outer('values');
    const graph: Graph = {
      nodes: [
        ...before.nodes,
        { opType: 'Cast', input: [inner('O')], output: [inner('O64')], attribute: [int('to', 11)] },
        { opType: 'Mul', input: [inner('O64'), inner('std')], output: [inner('scaled')] },
        { opType: 'Add', input: [inner('scaled'), inner('mean')], output: [values] },
      ],
      constants: [
        ...before.constants,
        tensor(
          inner('std'),
          Float64Array.from(targets, ({ std }) => std),
          [width],
        ),
        tensor(
          inner('mean'),
          Float64Array.from(targets, ({ mean }) => mean),
          [width],
        ),
      ],
      inputs: prepared.inputs,
      outputs: [{ name: values, type: 'double', width }],
    };
    return encodeOnnx(graph, { label_names: JSON.stringify(preparation.labels) });
  }
  const [label, probabilities] = [outer('label'), outer('probabilities')];
  const classes = [
    ints(
      'keys_int64s',
      classNames.map((_, i) => i),
    ),
    texts('values_strings', classNames),
  ];
  const graph: Graph = {
    nodes: [
      ...before.nodes,
      softmaxNode(inner('O'), probabilities),
      {
        opType: 'ArgMax',
        input: [probabilities],
        output: [inner('class')],
        attribute: [int('axis', 1), int('keepdims', 0)],
      },
      { opType: 'LabelEncoder', domain: 'ai.onnx.ml', input: [inner('class')], output: [label], attribute: classes },
    ],
    constants: before.constants,
    inputs: prepared.inputs,
    outputs: [
      { name: label, type: 'string' },
      { name: probabilities, type: 'float', width },
    ],
  };
  return encodeOnnx(graph, { class_names: JSON.stringify(classNames) });
}

/** The layers of a network, from `input` to its logits or values. @param named makes the names inside unique */
function layerGraph(
  { layers, activation }: PlainNetwork,
  input: string,
  named: (name: string) => string,
  output: string,
): Pick<Graph, 'nodes' | 'constants'> {
  const last = layers.length;
  const nodes = layers.flatMap((_, index): Node[] => {
    const l = index + 1;
    const from = l === 1 ? input : named(`H${l - 1}`);
    const to = l === last ? output : named(`O${l}`);
    const gemm = { opType: 'Gemm', input: [from, named(`W${l}`), named(`b${l}`)], output: [to] };
    return l === last ? [gemm] : [gemm, ...activationNodes(OPERATORS[activation], l, named)];
  });
  const constants = layers.flatMap(({ W, b, inputs, outputs }, l) => [
    tensor(named(`W${l + 1}`), W, [inputs, outputs]),
    tensor(named(`b${l + 1}`), b, [outputs]),
  ]);
  return { nodes, constants };
}

/** From O, the pre-activations of layer l, to H, the inputs of the next layer. */
function activationNodes(operators: readonly Operator[], l: number, named: (name: string) => string): Node[] {
  return operators.map(({ and, ...operator }, i) => {
    const before = named(i === 0 ? `O${l}` : `O${l}_${i}`);
    const output = named(i === operators.length - 1 ? `H${l}` : `O${l}_${i + 1}`);
    return { ...operator, input: and ? [before, named(`O${l}`)] : [before], output: [output] };
  });
}
