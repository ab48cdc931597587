import * as tf from '@tensorflow/tfjs-core';
import type { ActivationName } from '../nn/activations';
import { forward, lossAndGradients, type Masks, parameterNames, type Params } from '../nn/mlp';
import { oneHot } from '../nn/softmaxCrossEntropy';
import type { Random } from '../random';
import type { Batch } from './batches';

export interface GradcheckOptions {
  readonly params: Params;
  /** A few samples are enough: every one of them takes part in every gradient. */
  readonly batch: Batch;
  readonly activation?: ActivationName;
  /** Dropout: the same units are silent throughout the check. */
  readonly masks?: Masks;
  /** Chooses the entries; the `gradcheck` stream. */
  readonly random: Random;
  /** How many entries of each tensor are tried: half of them those with the largest gradients, half at random. */
  readonly entries?: number;
  /** How far a parameter is moved to each side; down to a thousandth of it where ReLU has a corner on the way. */
  readonly step?: number;
}

/** What the check found for one parameter tensor. */
export interface GradcheckResult {
  /** W1, b1, … */
  readonly name: string;
  /**
   * Entries compared. One whose smallest step still takes a hidden unit across 0, where ReLU has a corner, is left out; and
   * all are where the gradients are too small for differences of float32 logits to show them (deep sigmoid layers with small
   * weights).
   */
  readonly entries: number;
  /** |numeric - byHand| / max(|numeric|, |byHand|), each | | the length of the vector over the entries compared. */
  readonly relativeError: number;
}

/**
 * Holds the hand-written gradients against central differences: (L(w + h) - L(w - h)) / 2h ≈ ∂L/∂w, with an error of
 * order h². The backend computes the logits in float32; the loss is computed from them here, in float64 and from its
 * definition, because differences of a float32 loss near 2.3 would be lost in its rounding.
 * @returns one row for each parameter tensor
 */
export async function gradcheck(options: GradcheckOptions): Promise<GradcheckResult[]> {
  const { params, batch, activation = 'relu', masks } = options;
  const grads = tf.tidy(() => {
    const Y = oneHot(batch.y, params.at(-1)!.size);
    return lossAndGradients(batch.X, Y, params, activation, masks).grads;
  });
  try {
    const names = parameterNames(params);
    const results: GradcheckResult[] = [];
    for (let p = 0; p < params.length; p++) results.push(await checkTensor(options, names[p]!, p, grads[p]!));
    return results;
  } finally {
    tf.dispose(grads);
  }
}

async function checkTensor(
  options: GradcheckOptions,
  name: string,
  p: number,
  grad: tf.Tensor,
): Promise<GradcheckResult> {
  const { params, random, entries = 20 } = options;
  const byHand = await grad.data();
  const values = await params[p]!.data();
  let compared = 0;
  let difference = 0;
  let lengthNumeric = 0;
  let lengthByHand = 0;
  let noise = 0;
  for (const i of chooseEntries(byHand, entries, random)) {
    const numeric = await centralDifference(options, p, i, values[i]!);
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
 * The slope of the loss over entry i of parameter tensor p, or undefined where it has a corner within the smallest step:
 * between two sides of a corner there is a difference, but no derivative. With it, how much of a slope the rounding of the
 * logits alone can make.
 */
async function centralDifference(
  options: GradcheckOptions,
  p: number,
  i: number,
  w: number,
): Promise<{ slope: number; rounding: number } | undefined> {
  const { step = 1e-2 } = options;
  for (const h of [step, step / 10, step / 100, step / 1000]) {
    const above = await lossWith(options, p, i, w + h);
    const below = await lossWith(options, p, i, w - h);
    // Float32 rounds both points: what was really moved is the distance between the rounded ones.
    const distance = Math.fround(w + h) - Math.fround(w - h);
    if (above.hiddenSigns !== below.hiddenSigns) continue;
    return { slope: (above.loss - below.loss) / distance, rounding: above.rounding / distance };
  }
  return undefined;
}

/** Indices into a flat tensor: the half with the largest gradients, so that something is at stake, and the rest at random. */
function chooseEntries(grad: ArrayLike<number>, entries: number, random: Random): Set<number> {
  const largestFirst = Array.from(grad, (_, i) => i).sort((i, j) => Math.abs(grad[j]!) - Math.abs(grad[i]!));
  const chosen = new Set(largestFirst.slice(0, Math.ceil(entries / 2)));
  const wanted = Math.min(entries, grad.length);
  while (chosen.size < wanted) chosen.add(random.integer(grad.length));
  return chosen;
}

/** How many times longer than what the rounding of one logit can make gradients have to be: most of it averages out. */
const BEYOND_NOISE = 10;

/** The activations that have a corner at 0. */
const CORNERED: ReadonlySet<ActivationName> = new Set<ActivationName>(['relu', 'leaky-relu']);

/** The loss with entry i of parameter tensor p at `value`, and on which side of 0 each hidden unit is then. */
async function lossWith(
  { params, batch, activation = 'relu', masks }: GradcheckOptions,
  p: number,
  i: number,
  value: number,
): Promise<{ loss: number; rounding: number; hiddenSigns: string }> {
  const moved = (await params[p]!.data()).slice();
  moved[i] = value;
  const sums = tf.tidy(() => {
    const changed = params.with(p, tf.tensor(moved, params[p]!.shape));
    return [...forward(batch.X, changed, activation, masks).sums];
  });
  try {
    const cornered = CORNERED.has(activation) ? sums.slice(0, -1) : [];
    const hidden = await Promise.all(cornered.map((Z) => Z.data()));
    const O = await sums.at(-1)!.array();
    return {
      loss: meanCrossEntropy(O, await batch.y.data()),
      // Half a unit in float32's last place, of the largest logit.
      rounding: 2 ** -24 * Math.max(...O.flat().map(Math.abs)),
      hiddenSigns: hidden.map((Z) => Array.from(Z, (z) => (z > 0 ? '+' : '-')).join('')).join(),
    };
  } finally {
    tf.dispose(sums);
  }
}

/** -1/n Σ_r log softmax(O_r)[y_r], in float64. */
function meanCrossEntropy(O: readonly (readonly number[])[], y: ArrayLike<number>): number {
  const losses = O.map((row, r) => {
    const m = Math.max(...row);
    return m + Math.log(row.reduce((sum, o) => sum + Math.exp(o - m), 0)) - row[y[r]!]!;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}
