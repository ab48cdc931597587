import { HandgradError } from '../../errors';
import { faultOf } from '../../kinds';
import { CONFIG_KEYS, type ConfigKey, keyNamed, settings } from '../../runs/config';
import { didYouMean, quoted } from '../../words';
import type { Value } from './distributions';

/** The setting of a run that a name in a sweep means. @throws HandgradError 'usage' */
export function keyOf(name: string, where: string): ConfigKey {
  const key = keyNamed(name);
  if (key !== undefined) return key;
  throw new HandgradError('usage', `${where} names no setting of train; ${didYouMean(name, CONFIG_KEYS)}`);
}

/**
 * A value of a sweep as a config holds it: text is read as a flag's would be, and a lone value of a list is a list of
 * one.
 * @throws HandgradError 'usage' naming what the setting takes
 */
export function readSetting(key: ConfigKey, value: unknown, where: string): Value {
  const { kind } = settings[key];
  const read = typeof value === 'string' && kind.read ? kind.read(value) : value;
  const meant = kind.each && typeof read === 'number' ? [read] : read;
  const fault = faultOf(kind, meant);
  if (!fault) return meant as Value;
  throw new HandgradError('usage', `${where} must be ${fault.rule}, not ${quoted(value)}.`);
}
