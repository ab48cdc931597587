import * as tf from '@tensorflow/tfjs-core';
import { type Activation, ACTIVATIONS } from '../nn/activations';
import { forward, lossAndGradients } from '../nn/mlp';
import {
  listGradients,
  numOutputs,
  type ParameterTensor,
  parametersOf,
  type TrainableNetwork,
  trainingSteps,
  withParameters,
} from '../nn/network';
import { createLoss, type LossName, type LossOptions } from '../nn/losses';
import type { Random } from '../random';
import { type Batch, targetsOf } from './batches';

/** What to check, and how thoroughly. */
export interface GradcheckOptions {
  readonly network: TrainableNetwork;
  /** A few samples are enough: every one of them takes part in every gradient. */
  readonly batch: Batch;
  /** Dropout: the same units are dropped throughout the check. */
  readonly masks?: readonly tf.Tensor2D[];
  /** Cross-entropy when left out. */
  readonly loss?: LossName;
  readonly lossOptions?: LossOptions;
  /** Chooses the entries; the `gradcheck` stream. */
  readonly random: Random;
  /** How many entries of each tensor are checked: half of them those with the largest gradients, half at random. */
  readonly entries?: number;
  /** How far a parameter is moved to each side; down to a thousandth of it where ReLU has a corner in between. */
  readonly step?: number;
}

/** What the check found for one parameter tensor. */
export interface GradcheckResult {
  /** W1, b1, … */
  readonly name: string;
  /**
   * Entries compared. Left out are those whose smallest step still takes a hidden unit across 0, where ReLU has a
   * corner; and all of them where the gradients are too small to show in float32 logits (deep sigmoid layers with
   * small weights).
   */
  readonly entries: number;
  /** |numeric - byHand| / max(|numeric|, |byHand|), each | | the length of the vector over the entries compared. */
  readonly relativeError: number;
}

/**
 * Compares the hand-written gradients with central differences: (L(w + h) - L(w - h)) / 2h ≈ ∂L/∂w, with an error of
 * order h². The backend computes the logits in float32; the loss is computed from them here, in float64 and from its
 * definition, because differences of a float32 loss near 2.3 would be lost in its rounding.
 * @returns one row for each parameter tensor
 */
export async function gradcheck(options: GradcheckOptions): Promise<GradcheckResult[]> {
  const { network, batch, masks, loss = 'cross-entropy', lossOptions = {} } = options;
  const check = await createCheck(options);
  const grads = tf.tidy(() => {
    const T = targetsOf(batch, numOutputs(network));
    const steps = trainingSteps(network, masks);
    return listGradients(lossAndGradients(batch.X, T, steps, createLoss(loss, lossOptions), batch.w).grads);
  });
  try {
    const results: GradcheckResult[] = [];
    for (const [i, parameter] of parametersOf(network).entries()) {
      results.push(await checkParameter(check, parameter, grads[i]!));
    }
    return results;
  } finally {
    tf.dispose(grads);
  }
}

/** The loss of one sample, in float64 and by its definition: of outputs o and targets t. */
const DEFINITIONS: Readonly<Record<LossName, (o: number[], t: number[], options: LossOptions) => number>> = {
  'cross-entropy'(o, t) {
    const m = Math.max(...o);
    const S = o.reduce((sum, logit) => sum + Math.exp(logit - m), 0);
    return -o.reduce((sum, logit, c) => sum + t[c]! * (logit - m - Math.log(S)), 0);
  },
  mse: (o, t) => meanOf(o.map((value, c) => (value - t[c]!) ** 2)),
  huber: (o, t, { delta = 1 }) =>
    meanOf(
      o.map((value, c) => {
        const off = Math.abs(value - t[c]!);
        return off <= delta ? off ** 2 / 2 : delta * (off - delta / 2);
      }),
    ),
};

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What to check, and the mean loss of the batch's outputs. */
export interface Check extends GradcheckOptions {
  readonly lossOf: (O: number[][]) => number;
}

/** Adds the loss of the batch, in float64 and by its definition. */
export async function createCheck(options: GradcheckOptions): Promise<Check> {
  const { network, batch, loss = 'cross-entropy', lossOptions = {} } = options;
  const T = tf.tidy(() => tf.clone(targetsOf(batch, numOutputs(network))));
  try {
    const [targets, weights] = [await T.array(), await batch.w?.data()];
    const lossOf = (O: number[][]) => {
      return meanOf(O.map((o, r) => (weights?.[r] ?? 1) * DEFINITIONS[loss](o, targets[r]!, lossOptions)));
    };
    return { ...options, lossOf };
  } finally {
    T.dispose();
  }
}

async function checkParameter(options: Check, parameter: ParameterTensor, grad: tf.Tensor): Promise<GradcheckResult> {
  const { random, entries = 20 } = options;
  const { name } = parameter;
  const byHand = await grad.data();
  let compared = 0;
  let difference = 0;
  let lengthNumeric = 0;
  let lengthByHand = 0;
  let noise = 0;
  for (const i of chooseEntries(byHand, entries, random)) {
    const numeric = await centralDifference(options, parameter, i);
    if (numeric === undefined) continue;
    compared++;
    difference += (numeric.slope - byHand[i]!) ** 2;
    lengthNumeric += numeric.slope ** 2;
    lengthByHand += byHand[i]! ** 2;
    noise += numeric.rounding ** 2;
  }
  const largest = Math.max(lengthNumeric, lengthByHand);
  if (largest > 0 && largest < noise * BEYOND_NOISE ** 2) return { name, entries: 0, relativeError: NaN };
  const length = Math.sqrt(largest);
  return { name, entries: compared, relativeError: length === 0 ? 0 : Math.sqrt(difference) / length };
}

/**
 * The slope of the loss over entry i of a parameter, or undefined where it has a corner within the smallest
 * step: across a corner there is a difference, but no derivative. Also the slope that the rounding of the
 * logits alone can produce.
 */
export async function centralDifference(
  options: Check,
  parameter: ParameterTensor,
  i: number,
): Promise<{ slope: number; rounding: number } | undefined> {
  const { step = 1e-2 } = options;
  const w = (await parameter.tensor.data())[i]!;
  for (const h of [step, step / 10, step / 100, step / 1000]) {
    const above = await lossWith(options, parameter, i, w + h);
    const below = await lossWith(options, parameter, i, w - h);
    // Float32 rounds both points: the real distance is the one between the rounded ones.
    const distance = Math.fround(w + h) - Math.fround(w - h);
    if (above.hiddenSigns !== below.hiddenSigns) continue;
    return { slope: (above.loss - below.loss) / distance, rounding: above.rounding / distance };
  }
  return undefined;
}

/** Indices into a flat tensor: half of them those of the largest gradients, where errors show, the rest random. */
function chooseEntries(grad: ArrayLike<number>, entries: number, random: Random): Set<number> {
  const largestFirst = Array.from(grad, (_, i) => i).sort((i, j) => Math.abs(grad[j]!) - Math.abs(grad[i]!));
  const chosen = new Set(largestFirst.slice(0, Math.ceil(entries / 2)));
  const wanted = Math.min(entries, grad.length);
  while (chosen.size < wanted) chosen.add(random.integer(grad.length));
  return chosen;
}

/** Gradients must exceed the rounding error of one logit by this factor to be compared: most of it averages out. */
const BEYOND_NOISE = 10;

/** The loss with entry i of a parameter at `value`, and the sign of each hidden unit there. */
export async function lossWith(
  { network, batch, masks, lossOf }: Check,
  { name, tensor }: ParameterTensor,
  i: number,
  value: number,
): Promise<{ loss: number; rounding: number; hiddenSigns: string }> {
  const moved = (await tensor.data()).slice();
  moved[i] = value;
  const outputs = tf.tidy(() => {
    const params = parametersOf(network).map((other) =>
      other.name === name ? tf.tensor(moved, tensor.shape) : other.tensor,
    );
    const { trace } = forward(batch.X, trainingSteps(withParameters(network, params), masks));
    return trace.map(({ Y }) => Y);
  });
  try {
    const { corner }: Activation = ACTIVATIONS[network.activation];
    const hidden = await Promise.all((corner ? outputs.slice(0, -1) : []).map((Y) => Y.data()));
    const O = await outputs.at(-1)!.array();
    return {
      loss: lossOf(O),
      // Half a unit in float32's last place, of the largest logit.
      rounding: 2 ** -24 * O.flat().reduce((most, o) => Math.max(most, Math.abs(o)), 0),
      hiddenSigns: hidden.map((Y) => Array.from(Y, (y) => (y > 0 ? '+' : '-')).join('')).join(),
    };
  } finally {
    tf.dispose(outputs);
  }
}
