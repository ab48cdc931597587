import { HandgradError } from '../errors';
import type { Config } from './config';
import type { RunEnd } from './events';
import { formatFigure } from './figures';

/** A figure that a finished run has to reach. */
interface Expectation {
  readonly figure: keyof RunEnd & `test${string}`;
  readonly name: string;
  /** Whether larger figures are better. */
  readonly larger: boolean;
}

/** Every expectation, by its setting. */
const EXPECTATIONS = {
  expectAccuracy: { figure: 'testAccuracy', name: 'test accuracy', larger: true },
  expectRmse: { figure: 'testRmse', name: 'test RMSE', larger: false },
  expectMae: { figure: 'testMae', name: 'test MAE', larger: false },
  expectR2: { figure: 'testR2', name: 'test R²', larger: true },
} as const satisfies { readonly [Key in keyof Config & `expect${string}`]-?: Expectation };

/**
 * Checks the figures of a finished run.
 * @throws HandgradError 'failure' naming the first figure that misses its setting, `expectAccuracy` for one; 'usage'
 *   when a run of this task has no such figure
 */
export function assertExpectations(config: Config, end: RunEnd): void {
  for (const [key, { figure, name, larger }] of Object.entries(EXPECTATIONS)) {
    const expected = config[key as keyof typeof EXPECTATIONS];
    if (expected === undefined) continue;
    const found = end[figure];
    if (found === undefined) {
      throw new HandgradError(
        'usage',
        `The run in ${end.runDir} has no ${name}, which \`${key}\` expects; leave it out.`,
      );
    }
    // Not `found < expected`: NaN does not meet an expectation either.
    if (larger ? found >= expected : found <= expected) continue;
    const missed = `${larger ? 'below' : 'above'} \`${key}\` ${expected}`;
    throw new HandgradError(
      'failure',
      `The final ${name} ${formatFigure(name, found)} is ${missed}; the run is in ${end.runDir}.`,
    );
  }
}
