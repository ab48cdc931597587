import { HandgradError } from '../src/errors';
import type { Args } from './options';
import { quoted } from './terminal/format';

/** The whole number that a flag has. @throws HandgradError 'usage' with the range */
export function wholeNumberFlag(args: Args, flag: string, min: number, max: number): number | undefined {
  const text = args[flag] as string | undefined;
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new HandgradError('usage', `--${flag} must be a whole number from ${min} to ${max}, not ${quoted(text)}.`);
}
