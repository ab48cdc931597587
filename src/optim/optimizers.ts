import { adam } from './adam';
import { clipping } from './clip';
import { decay, decoupledDecay } from './decay';
import { momentum, nesterov } from './momentum';
import { chain, type LearningRate, type Link, type Optimizer } from './optimizer';
import { rmsprop } from './rmsprop';
import { sgd } from './sgd';

/** The hyperparameters of the rules. Each rule reads those in its formula; the defaults are the customary values. */
export interface OptimizerOptions {
  /** momentum, nesterov: the decay of the velocity, 0.9. */
  readonly momentum?: number;
  /** adam, adamw: the decay of the mean gradient, 0.9. */
  readonly beta1?: number;
  /** adam, adamw (0.999), rmsprop (0.99): the decay of the mean square. */
  readonly beta2?: number;
  /** adam, adamw, rmsprop: added to the root of the mean square, 1e-8, against a division by 0. */
  readonly epsilon?: number;
  /** How strongly weights are pulled toward 0: see `decay.ts`. adamw has 0.01 when left out, the others 0. */
  readonly weightDecay?: number;
}

/** Every optimizer, by the name that users give: weight decay, then the update rule. */
export const OPTIMIZERS = {
  sgd: ({ weightDecay }) => [decay(weightDecay), sgd()],
  momentum: (options) => [decay(options.weightDecay), momentum(options)],
  nesterov: (options) => [decay(options.weightDecay), nesterov(options)],
  rmsprop: (options) => [decay(options.weightDecay), rmsprop(options)],
  adam: (options) => [decay(options.weightDecay), adam(options)],
  adamw: (options) => [decoupledDecay(options.weightDecay ?? 0.01), adam(options)],
} satisfies Record<string, (options: OptimizerOptions) => readonly Link[]>;

/** The name of an optimizer. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/**
 * An optimizer by name: clipping, where asked for, then weight decay, then the update rule.
 * @param lr the learning rate, or a schedule such as `(step) => learningRate('cosine', step, …)`
 * @param clipNorm the largest global norm of the gradients
 */
export function createOptimizer(
  name: OptimizerName,
  lr: LearningRate,
  { clipNorm, ...options }: OptimizerOptions & { readonly clipNorm?: number } = {},
): Optimizer {
  return chain(lr, clipping(clipNorm), ...OPTIMIZERS[name](options));
}
