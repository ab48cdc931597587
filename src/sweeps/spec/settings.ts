import { HandgradError } from '../../errors';
import { faultOf } from '../../kinds';
import { type ConfigKey, keyNamed, settingHint, settings } from '../../runs/config';
import { quoted } from '../../words';
import type { Value } from './distributions';

/** The setting that a name in a sweep file refers to. @throws HandgradError 'usage' */
export function keyOf(name: string, where: string): ConfigKey {
  const key = keyNamed(name);
  if (key !== undefined) return key;
  throw new HandgradError('usage', `${where} is not a setting of train${settingHint(name)}`);
}

/**
 * Converts a value from a sweep file to one for a config: text is parsed as a flag's would be, and a single element
 * stands for a list of one.
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
