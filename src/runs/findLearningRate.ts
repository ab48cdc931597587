import { HandgradError } from '../errors';
import { quoted } from '../words';
import { createOptimizer } from '../optim/optimizers';
import { RATE_RANGE, type RangeResult, type RangeStep, rangeTest, type RateRange } from '../training/rangeTest';
import { disposeState } from '../training/trainState';
import { createTurn } from '../training/turn';
import type { Settings } from './config';
import type { OpenOptions } from './events';
import { assertStepFits, explainOutOfMemory, stepSize } from './memory';
import { openBackend } from './open';
import { planRun } from './plan';
import { runFacts, type RunFacts } from './runFacts';
import { optimizerOptions, trainOptions } from './trainOptions';

/** The events of a range test: what is trained, every step, and the result. */
export type RangeEvent =
  | ({ readonly type: 'start' } & RunFacts & RateRange)
  | ({ readonly type: 'step' } & RangeStep)
  | ({ readonly type: 'end' } & RangeResult);

/**
 * Finds a learning rate by a range test (see `rangeTest`): the network, data, optimizer and backend that a run with
 * these settings would have, with a rate that grows from step to step in the place of `lr` and `schedule`. Of a
 * cross-validation, the first fold. Nothing is saved; initial weights (`initFrom`) stay as they are.
 * @param options.minLr the first rate, 1e-6 when left out
 * @param options.maxLr the last rate, 10 when left out
 * @param options.steps the number of steps, 200 when left out
 * @throws HandgradError 'usage' naming the setting or option; 'data', 'model' or 'backend' when one cannot be opened;
 *   'diverged' when the first loss is non-finite
 */
export async function* findLearningRate(
  settings: Settings = {},
  options: OpenOptions & Partial<RateRange> = {},
): AsyncGenerator<RangeEvent, void, void> {
  const range = checkedRange(options);
  const { data } = await planRun(settings, options);
  const { config } = data;
  const backend = await openBackend(config, { ...options, compile: true });
  const size = stepSize(data);
  assertStepFits(size, backend);
  yield { type: 'start', ...runFacts(data, backend), ...range };
  try {
    const training = trainOptions(data);
    const turn = createTurn(options.signal);
    const test = rangeTest({
      ...{ ...training, ...range, turn },
      withRate: (lr) => createOptimizer(config.optimizer, lr, optimizerOptions(config)),
    });
    try {
      for (;;) {
        const { done, value } = await test.next();
        if (done) {
          yield { type: 'end', ...value };
          return;
        }
        yield { type: 'step', ...value };
      }
    } finally {
      await test.return(undefined as never);
      disposeState(training.state);
    }
  } catch (error) {
    throw explainOutOfMemory(error, size, backend);
  }
}

/** The range asked for, with its defaults. */
function checkedRange({
  minLr = RATE_RANGE.minLr,
  maxLr = RATE_RANGE.maxLr,
  steps = RATE_RANGE.steps,
}: Partial<RateRange>): RateRange {
  if (!(minLr > 0 && maxLr > minLr && Number.isFinite(maxLr))) {
    throw new HandgradError(
      'usage',
      `The rates of a range test must be above 0, and \`maxLr\` above \`minLr\`: not from ${quoted(minLr)} to ` +
        `${quoted(maxLr)}.`,
    );
  }
  if (!Number.isInteger(steps) || steps < LEAST_STEPS) {
    throw new HandgradError('usage', `A range test takes at least ${LEAST_STEPS} \`steps\`, not ${quoted(steps)}.`);
  }
  return { minLr, maxLr, steps };
}

/** Fewer steps say nothing about a range. */
export const LEAST_STEPS = 20;
