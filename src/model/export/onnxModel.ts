import type { ActivationName } from '../../nn/activations';
import { floatBytes } from './exported';
import type { PlainNetwork } from './plainNetwork';

// The ONNX messages that a network of plain layers needs, with the field numbers of onnx/onnx.proto3.
const DESCRIPTOR = {
  nested: {
    Model: {
      fields: {
        irVersion: { type: 'int64', id: 1 },
        producerName: { type: 'string', id: 2 },
        graph: { type: 'Graph', id: 7 },
        opsetImport: { rule: 'repeated', type: 'Opset', id: 8 },
        metadataProps: { rule: 'repeated', type: 'Property', id: 14 },
      },
    },
    Opset: { fields: { domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } } },
    Property: { fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } },
    Graph: {
      fields: {
        node: { rule: 'repeated', type: 'Node', id: 1 },
        name: { type: 'string', id: 2 },
        initializer: { rule: 'repeated', type: 'Tensor', id: 5 },
        input: { rule: 'repeated', type: 'ValueInfo', id: 11 },
        output: { rule: 'repeated', type: 'ValueInfo', id: 12 },
      },
    },
    Node: {
      fields: {
        input: { rule: 'repeated', type: 'string', id: 1 },
        output: { rule: 'repeated', type: 'string', id: 2 },
        name: { type: 'string', id: 3 },
        opType: { type: 'string', id: 4 },
        attribute: { rule: 'repeated', type: 'Attribute', id: 5 },
      },
    },
    Attribute: {
      fields: {
        name: { type: 'string', id: 1 },
        f: { type: 'float', id: 2 },
        i: { type: 'int64', id: 3 },
        s: { type: 'bytes', id: 4 },
        type: { type: 'int32', id: 20 },
      },
    },
    Tensor: {
      fields: {
        dims: { rule: 'repeated', type: 'int64', id: 1, options: { packed: true } },
        dataType: { type: 'int32', id: 2 },
        name: { type: 'string', id: 8 },
        rawData: { type: 'bytes', id: 9 },
      },
    },
    ValueInfo: { fields: { name: { type: 'string', id: 1 }, type: { type: 'ValueType', id: 2 } } },
    ValueType: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
    TensorType: { fields: { elemType: { type: 'int32', id: 1 }, shape: { type: 'Shape', id: 2 } } },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 1 } } },
    Dim: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      fields: { dimValue: { type: 'int64', id: 1 }, dimParam: { type: 'string', id: 2 } },
    },
  },
};

const FLOAT = 1;
const ATTRIBUTE = { float: 1, int: 2, text: 3 } as const;
/** The first with Gelu; supported by ONNX Runtime 1.17 and later. */
const OPSET = 20;
const IR_VERSION = 9;

interface Operator {
  readonly opType: string;
  readonly attribute?: readonly object[];
  /** An input besides the output of the previous operator: `O`, the pre-activations of the layer. */
  readonly and?: 'O';
}

const float = (name: string, f: number) => ({ name, f, type: ATTRIBUTE.float });
const text = (name: string, value: string) => ({ name, s: Buffer.from(value), type: ATTRIBUTE.text });

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
export function onnxModel({ layers, activation, classNames }: PlainNetwork): Uint8Array {
  const { Root } = require('protobufjs/light') as typeof import('protobufjs/light');
  const model = Root.fromJSON(DESCRIPTOR).lookupType('Model');
  const last = layers.length;
  const tensor = (name: string, data: Float32Array, dims: readonly number[]) => ({
    ...{ name, dims, dataType: FLOAT, rawData: floatBytes([data]) },
  });
  const softmax = { name: 'softmax', opType: 'Softmax', attribute: [{ name: 'axis', i: 1, type: ATTRIBUTE.int }] };
  const nodes = layers.flatMap((_, index) => {
    const l = index + 1;
    const input = l === 1 ? 'features' : `H${l - 1}`;
    return [
      { name: `layer${l}`, opType: 'Gemm', input: [input, `W${l}`, `b${l}`], output: [`O${l}`] },
      ...(l === last
        ? [{ ...softmax, input: [`O${l}`], output: ['probabilities'] }]
        : activationNodes(OPERATORS[activation], l)),
    ];
  });
  const graph = {
    name: 'handgrad',
    node: nodes,
    initializer: layers.flatMap(({ W, b, inputs, outputs }, l) => [
      tensor(`W${l + 1}`, W, [inputs, outputs]),
      tensor(`b${l + 1}`, b, [outputs]),
    ]),
    input: [valueInfo('features', layers[0]!.inputs)],
    output: [valueInfo('probabilities', layers.at(-1)!.outputs)],
  };
  const metadataProps = classNames ? [{ key: 'class_names', value: JSON.stringify(classNames) }] : [];
  const opsetImport = [{ domain: '', version: OPSET }];
  const content = { irVersion: IR_VERSION, producerName: 'handgrad', opsetImport, graph, metadataProps };
  return model.encode(model.fromObject(content)).finish();
}

/** From O, the pre-activations of layer l, to H, the inputs of the next layer. */
function activationNodes(operators: readonly Operator[], l: number) {
  return operators.map(({ and, ...operator }, i) => {
    const before = i === 0 ? `O${l}` : `O${l}_${i}`;
    const output = i === operators.length - 1 ? `H${l}` : `O${l}_${i + 1}`;
    return {
      name: `activation${l}_${i + 1}`,
      ...operator,
      input: and ? [before, `O${l}`] : [before],
      output: [output],
    };
  });
}

function valueInfo(name: string, width: number) {
  const dim = [{ dimParam: 'n' }, { dimValue: width }];
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}
