import type { ActivationName } from '../nn/activations';

/** One row of a table of layers. */
export interface LayerSummary {
  /** `input`, `hidden 1`, `batch norm 1`, `dropout 1`, `output`. */
  readonly name: string;
  /** Its outputs for each sample. */
  readonly width: number;
  /** The numbers that training changes by their gradients. */
  readonly parameters: number;
  /** What follows its linear map, if anything. */
  readonly activation?: ActivationName | 'softmax';
}

/** A table of the layers of a network in training. */
export interface NetworkSummary {
  readonly layers: readonly LayerSummary[];
  /** All parameters. */
  readonly parameters: number;
  /** The running means and variances of batch normalization, which follow the batches and have no gradients. */
  readonly statistics: number;
  /** The bytes of both, in float32. */
  readonly bytes: number;
}

/** What a network consists of, beside its widths. */
export interface NetworkParts {
  readonly activation: ActivationName;
  readonly batchNorm?: boolean;
  /** The probability that a hidden unit, or an input, is dropped. */
  readonly dropout?: number;
  readonly inputDropout?: number;
  /** The task: the outputs of a classifier go through a softmax, predicted numbers do not. */
  readonly task?: 'classification' | 'regression';
}

/**
 * The table of a network's layers: what each gives the next one, and its parameters. A linear map from n inputs to m
 * outputs has n·m weights and m biases; batch normalization has a scale for each output beside the bias, and keeps its
 * running mean and variance.
 * @param widths of the inputs, the hidden layers and the outputs
 */
export function networkSummary(
  widths: readonly number[],
  { activation, batchNorm = false, dropout = 0, inputDropout = 0, task = 'classification' }: NetworkParts,
): NetworkSummary {
  const hidden = widths.slice(1, -1);
  const weights = (l: number) => widths[l - 1]! * widths[l]!;
  const [inputs, outputs] = [widths[0]!, widths.at(-1)!];
  const layers: LayerSummary[] = [
    { name: 'input', width: inputs, parameters: 0 },
    ...(inputDropout > 0 ? [{ name: 'input dropout', width: inputs, parameters: 0 }] : []),
    ...hidden.flatMap((width, i) => [
      ...(batchNorm
        ? [
            { name: `hidden ${i + 1}`, width, parameters: weights(i + 1) },
            { name: `batch norm ${i + 1}`, width, parameters: 2 * width, activation },
          ]
        : [{ name: `hidden ${i + 1}`, width, parameters: weights(i + 1) + width, activation }]),
      ...(dropout > 0 ? [{ name: `dropout ${i + 1}`, width, parameters: 0 }] : []),
    ]),
    {
      ...{ name: 'output', width: outputs, parameters: weights(widths.length - 1) + outputs },
      ...(task === 'classification' && { activation: 'softmax' as const }),
    },
  ];
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const parameters = sum(layers.map((layer) => layer.parameters));
  const statistics = batchNorm ? 2 * sum(hidden) : 0;
  return { layers, parameters, statistics, bytes: 4 * (parameters + statistics) };
}
