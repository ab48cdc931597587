import { HandgradError } from '../errors';
import { permutation, type Random } from '../random';
import { type Samples, selectRows } from './samples';

/**
 * Draws round(count · fraction) of 0 … count-1 at random. Both parts keep their order.
 * @throws HandgradError 'usage' when the fraction is outside [0, 1), 'data' when it leaves a part empty
 */
export function splitRows(count: number, fraction: number, random: Random): { kept: Int32Array; drawn: Int32Array } {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new HandgradError('usage', `A part of ${fraction} cannot be split off; choose at least 0 and less than 1.`);
  }
  const order = permutation(random, count);
  const size = Math.round(count * fraction);
  if (size === count || (size === 0 && fraction > 0)) {
    const parts = `${size} and ${count - size}`;
    throw new HandgradError(
      'data',
      `A part of ${fraction} splits ${count} samples into ${parts}; choose another fraction.`,
    );
  }
  return { drawn: order.slice(0, size).sort(), kept: order.slice(size).sort() };
}

/**
 * Holds back a random part of the training samples for validation.
 * @param fraction of the samples held back, in [0, 1); with 0 the validation samples are empty
 * @throws HandgradError as `splitRows`
 */
export function splitValidation(
  samples: Samples,
  fraction: number,
  random: Random,
): { train: Samples; validation: Samples } {
  const { kept, drawn } = splitRows(samples.count, fraction, random);
  const train = drawn.length === 0 ? samples : selectRows(samples, kept);
  return { train, validation: selectRows(samples, drawn) };
}
