import { HandgradError } from '../errors';
import type { Parameter } from './architecture';
import { quoted } from '../words';

// torch.nn.Linear keeps its weight as [outputs, inputs] and computes x·weight^T + bias; here W is [inputs, outputs].
// In a torch.nn.Sequential of linear layers with activations between them, the linear layers have even numbers.

const TORCH_NAME = /^(?:(.*)\.)?(weight|bias)$/s;

/** The parameters named as in the `state_dict()` of such a Sequential: `0.weight`, `0.bias`, `2.weight`, … */
export function toTorchLayout(parameters: readonly Parameter[]): Parameter[] {
  return parameters.map((parameter, i) => {
    const name = `${2 * Math.floor(i / 2)}.${i % 2 === 0 ? 'weight' : 'bias'}`;
    return i % 2 === 0 ? { ...transposed(parameter), name } : { ...parameter, name };
  });
}

/** Whether tensors of these names are a `state_dict()` of PyTorch. */
export function hasTorchNames(names: readonly string[]): boolean {
  return names.length > 0 && names.every((name) => TORCH_NAME.test(name));
}

/**
 * `W1 b1 W2 b2 …` from a `state_dict()` of linear layers, whatever the names of their modules:
 * `0.weight`, `fc1.weight`, `net.layers.10.weight`. The layers are ordered by name, with numbers compared by value.
 * @param file the name of their file in messages
 * @throws HandgradError `model` when a layer lacks its weight or bias, or has one of another rank
 */
export function fromTorchLayout(tensors: readonly Parameter[], file: string): Parameter[] {
  const modules = new Map<string, Partial<Record<string, Parameter>>>();
  for (const tensor of tensors) {
    const [, prefix = '', part] = TORCH_NAME.exec(tensor.name)!;
    const known = modules.get(prefix);
    if (known && part! in known) {
      const two = `${quoted(known[part!]!.name)} and ${quoted(tensor.name)}`;
      throw new HandgradError('model', `${file} holds two tensors for one ${part} (${two}); save one of them only.`);
    }
    modules.set(prefix, { ...known, [part!]: tensor });
  }
  const byNumber = new Intl.Collator('en', { numeric: true });
  const ordered = [...modules].sort(([a], [b]) => byNumber.compare(a, b));
  return ordered.flatMap(([prefix, { weight, bias }], l) => {
    if (weight?.shape.length === 2 && bias?.shape.length === 1) {
      return [
        { ...transposed(weight), name: `W${l + 1}` },
        { ...bias, name: `b${l + 1}` },
      ];
    }
    const found = [weight, bias]
      .filter((one) => one !== undefined)
      .map(({ name, shape }) => `${quoted(name)} [${shape.join(', ')}]`);
    throw new HandgradError(
      'model',
      `${file} holds a PyTorch module ${quoted(prefix)} that is not a linear layer (${found.join(', ')}); ` +
        'save linear layers only, each with its weight [outputs, inputs] and its bias [outputs].',
    );
  });
}

function transposed({ name, shape, data }: Parameter): Parameter {
  const [rows, columns] = shape as [number, number];
  const turned = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c]!;
  return { name, shape: [columns, rows], data: turned };
}
