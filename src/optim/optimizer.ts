import type * as tf from '@tensorflow/tfjs-core';

/** The learning rate: one for all steps, or one for each. Steps count from 1. */
export type LearningRate = number | ((step: number) => number);

/** The state that an update rule keeps between steps, by name. Every list is shaped like the parameters. */
export type OptimizerState = Record<string, tf.Tensor[]>;

/** The parameters of a step, and their gradients in the same order. */
export interface Gradients {
  readonly params: readonly tf.Tensor[];
  /** grads[i] has the shape of params[i]. */
  readonly grads: readonly tf.Tensor[];
  /** Which parameters weight decay pulls toward 0. */
  readonly decays: readonly boolean[];
}

/** One step on its way through the chain. */
export interface Update extends Gradients {
  readonly lr: number;
  /** From 1. */
  readonly step: number;
}

/** What a link changes: the gradients (clipping, decay), the parameters (the update rule), and its own state. */
export interface Change<State> {
  readonly params?: readonly tf.Tensor[];
  readonly grads?: readonly tf.Tensor[];
  readonly state?: State;
}

/** One link of the chain. Pure: it returns fresh tensors, and the caller disposes of those they replace. */
export interface Link<State extends OptimizerState = OptimizerState> {
  /** Its state before the first step; most links have none. */
  init?(params: readonly tf.Tensor[]): State;
  update(update: Update, state: State): Change<State>;
}

/** A chain of links, ready to use. It sees lists of tensors and never the network. */
export interface Optimizer {
  readonly lr: LearningRate;
  /** Its state before the first step. */
  init(params: readonly tf.Tensor[]): OptimizerState;
  /**
   * One step. Pure, like its links.
   * @param step from 1
   */
  update(
    gradients: Gradients,
    state: OptimizerState,
    step: number,
  ): { params: readonly tf.Tensor[]; state: OptimizerState };
}

/**
 * Composes an optimizer: `chain(0.1, clipping(1), decay(0.01), momentum())`. Every step passes through the links in
 * order, and each sees the gradients and parameters as the links before it left them.
 * @param lr a number, or a schedule
 * @param links whose states have distinct names
 */
export function chain(lr: LearningRate, ...links: readonly Link[]): Optimizer {
  return {
    lr,
    init: (params) => links.reduce<OptimizerState>((state, link) => ({ ...state, ...link.init?.(params) }), {}),
    update(gradients, state, step) {
      let update: Update = { ...gradients, lr: learningRateAt(lr, step), step };
      for (const link of links) {
        const { state: remembered, ...changed } = link.update(update, state);
        update = { ...update, ...changed };
        state = { ...state, ...remembered };
      }
      return { params: update.params, state };
    },
  };
}

/** The learning rate of a step. */
export function learningRateAt(lr: LearningRate, step: number): number {
  return typeof lr === 'number' ? lr : lr(step);
}
