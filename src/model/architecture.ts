import { HandgradError } from '../errors';
import { firstOf, quoted } from '../words';

/** A weight or a bias as plain data: `W1` [inputs, outputs], `b1` [outputs], … row-major. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The widths of a multilayer perceptron. */
export interface Architecture {
  readonly numInputs: number;
  /** One per hidden layer; empty when there is none. */
  readonly numHiddens: readonly number[];
  readonly numOutputs: number;
}

/**
 * Checks that `parameters` form a network and returns its widths: exactly `W1 b1 W2 b2 …`,
 * each layer's outputs the next one's inputs, and the widths those of `expected` where it gives any.
 * @param parameters in any order
 * @param file the name of their file in messages
 * @throws HandgradError `model` with what was expected and what was found
 */
export function checkArchitecture(
  parameters: readonly Pick<Parameter, 'name' | 'shape'>[],
  expected: Partial<Architecture>,
  file: string,
): Architecture {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const named = (pattern: RegExp) => parameters.filter(({ name }) => pattern.test(name)).length;
  const layers = Math.max(1, named(/^W\d+$/), named(/^b\d+$/));
  checkNames(shapes, layers, expected, file);

  const widths: number[] = [];
  for (let layer = 1; layer <= layers; layer++) {
    const W = shapes.get(`W${layer}`)!;
    const b = shapes.get(`b${layer}`)!;
    if (W.length !== 2 || Math.min(...W) < 1) throw wrongShape(file, `W${layer}`, '[inputs, outputs]', W);
    const [inputs, outputs] = W as [number, number];
    const wanted = widths.at(-1) ?? expected.numInputs ?? inputs;
    if (inputs !== wanted) throw wrongShape(file, `W${layer}`, `[${wanted}, …]`, W, outputs === wanted);
    if (b.length !== 1) throw wrongShape(file, `b${layer}`, `[${outputs}], the outputs of W${layer}`, b);
    if (b[0] !== outputs) {
      throw inputs === b[0]
        ? wrongShape(file, `W${layer}`, `[…, ${b[0]}] by the shape of b${layer}`, W, true)
        : wrongShape(file, `b${layer}`, `[${outputs}], the outputs of W${layer}`, b);
    }
    if (layer === 1) widths.push(inputs);
    widths.push(outputs);
  }
  const found = { numInputs: widths[0]!, numHiddens: widths.slice(1, -1), numOutputs: widths.at(-1)! };
  checkWidths(found, expected, file);
  return found;
}

/** The parameter names of a network with that many layers, in order: `W1 b1 W2 b2 …`. */
export function parameterNames(layers: number): string[] {
  return Array.from({ length: layers }, (_, i) => [`W${i + 1}`, `b${i + 1}`]).flat();
}

function checkNames(
  shapes: ReadonlyMap<string, unknown>,
  layers: number,
  expected: Partial<Architecture>,
  file: string,
): void {
  const names = parameterNames(expected.numHiddens === undefined ? layers : expected.numHiddens.length + 1);
  const missing = names.filter((name) => !shapes.has(name));
  const extra = [...shapes.keys()].filter((name) => !names.includes(name));
  if (missing.length === 0 && extra.length === 0) return;
  const faults = [
    ...(missing.length > 0 ? [`${list(missing)} missing`] : []),
    ...(extra.length > 0 ? [`${list(extra.map(quoted))} not expected`] : []),
  ];
  throw new HandgradError(
    'model',
    `${file} does not hold this network: expected the tensors ${list(names)}, ` +
      `found ${list([...shapes.keys()].map(quoted))} ` +
      `(${faults.join(', ')}); save each layer's weight as W1, W2, … and its bias as b1, b2, ….`,
  );
}

function checkWidths(found: Architecture, expected: Partial<Architecture>, file: string): void {
  const { numHiddens = found.numHiddens, numOutputs = found.numOutputs } = expected;
  if (found.numOutputs === numOutputs && String(found.numHiddens) === String(numHiddens)) return;
  const show = (architecture: Architecture) =>
    [architecture.numInputs, ...architecture.numHiddens, architecture.numOutputs].join('-');
  throw new HandgradError(
    'model',
    `${file} holds another network: expected the widths ${show({ ...found, numHiddens, numOutputs })}, ` +
      `found ${show(found)}; choose the file or the data set and \`hidden\` that belong together.`,
  );
}

function wrongShape(
  file: string,
  name: string,
  expected: string,
  found: readonly number[],
  turned = false,
): HandgradError {
  // torch.nn.Linear keeps [outputs, inputs]: the likeliest cause of a transposed weight.
  const remedy = turned ? 'it looks transposed: save W.T.contiguous()' : 'choose the file that belongs to this network';
  return new HandgradError(
    'model',
    `${file} does not hold this network: expected ${name} of shape ${expected}, ` +
      `found [${found.slice(0, 8).join(', ')}]; ${remedy}.`,
  );
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : firstOf(names, 8);
}
