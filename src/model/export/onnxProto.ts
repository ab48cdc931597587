import { floatBytes } from './exported';

// The ONNX messages that a network and the preparation of a table need, with the field numbers of onnx/onnx.proto3.
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
        domain: { type: 'string', id: 7 },
      },
    },
    Attribute: {
      fields: {
        name: { type: 'string', id: 1 },
        f: { type: 'float', id: 2 },
        i: { type: 'int64', id: 3 },
        s: { type: 'bytes', id: 4 },
        ints: { rule: 'repeated', type: 'int64', id: 8, options: { packed: false } },
        strings: { rule: 'repeated', type: 'bytes', id: 9 },
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

/** The types of tensors that are used. */
export const DATA_TYPES = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const;
export type DataType = keyof typeof DATA_TYPES;

/** An attribute of a node, by the type of its value. */
export type Attribute = object;
const ATTRIBUTE = { float: 1, int: 2, text: 3, ints: 7, texts: 8 } as const;
/** An attribute that is a float32. */
export const float = (name: string, f: number): Attribute => ({ name, f, type: ATTRIBUTE.float });
/** An attribute that is a whole number. */
export const int = (name: string, i: number): Attribute => ({ name, i, type: ATTRIBUTE.int });
/** An attribute that is a text. */
export const text = (name: string, value: string): Attribute => ({ name, s: Buffer.from(value), type: ATTRIBUTE.text });
/** An attribute that is a list of whole numbers. */
export const ints = (name: string, values: readonly number[]): Attribute => ({
  name,
  ints: values,
  type: ATTRIBUTE.ints,
});
/** An attribute that is a list of texts. */
export const texts = (name: string, values: readonly string[]): Attribute => ({
  ...{ name, type: ATTRIBUTE.texts, strings: values.map((value) => Buffer.from(value)) },
});

/** A node of a graph: an operator, the names of its inputs and outputs. */
export interface Node {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly Attribute[];
  /** Of another set of operators than ONNX's own. */
  readonly domain?: 'ai.onnx.ml';
}

/** A constant of a graph. */
export interface Initializer {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

/** A constant of a graph, from numbers. */
export function tensor(
  name: string,
  data: Float32Array | Float64Array | BigInt64Array,
  dims: readonly number[],
): Initializer {
  const type = data instanceof Float32Array ? 'float' : data instanceof Float64Array ? 'double' : 'int64';
  return { name, dims, dataType: DATA_TYPES[type], rawData: floatBytes([data]) };
}

/** An input or output of a graph: [n, width], or [n]. */
export interface Value {
  readonly name: string;
  readonly type: DataType;
  readonly width?: number;
}

/** A graph: constants, and nodes in an order in which they can be computed. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly constants: readonly Initializer[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** The first with Gelu; supported by ONNX Runtime 1.17 and later. */
const OPSET = 20;
/** The first of its releases whose LabelEncoder maps any type to any other. */
const ML_OPSET = 2;
const IR_VERSION = 9;

/** The bytes of an ONNX model. @param metadata texts by name */
export function encodeOnnx(
  { nodes, constants, inputs, outputs }: Graph,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { Root } = require('protobufjs/light') as typeof import('protobufjs/light');
  const model = Root.fromJSON(DESCRIPTOR).lookupType('Model');
  const graph = {
    name: 'handgrad',
    node: nodes.map((node) => ({ ...node, name: `make ${node.output[0]}` })),
    initializer: constants,
    input: inputs.map(valueInfo),
    output: outputs.map(valueInfo),
  };
  const isMl = nodes.some(({ domain }) => domain !== undefined);
  const content = {
    irVersion: IR_VERSION,
    producerName: 'handgrad',
    opsetImport: [{ domain: '', version: OPSET }, ...(isMl ? [{ domain: 'ai.onnx.ml', version: ML_OPSET }] : [])],
    graph,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
  return model.encode(model.fromObject(content)).finish();
}

function valueInfo({ name, type, width }: Value) {
  const dim = [{ dimParam: 'n' }, ...(width === undefined ? [] : [{ dimValue: width }])];
  return { name, type: { tensorType: { elemType: DATA_TYPES[type], shape: { dim } } } };
}
