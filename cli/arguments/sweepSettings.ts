import { HandgradError } from '../../src/errors';
import type { Settings } from '../../src/sweeps/spec/sweepFile';
import { type ConfigKey, configSchema, DEFAULTS, FORMER_NAMES } from '../../src/runs/config';
import { didYouMean, quoted } from '../../src/words';
import { readSetting } from './options';

const KEYS = Object.keys(configSchema.shape) as readonly ConfigKey[];
/** How a name is compared: `batch-size`, `batch_size` and `batchSize` are the same setting. */
const plain = (name: string) => name.replace(/[-_]/g, '').toLowerCase();
const BY_NAME = new Map(
  [...Object.entries(FORMER_NAMES), ...KEYS.map((key) => [key, key] as const)].map(
    ([name, key]) => [plain(name), key] as const,
  ),
);

/** What a sweep may set: all that `train` takes as a setting, under the same rules. */
export const SWEEP_SETTINGS: Settings = {
  key(name, where) {
    const key = BY_NAME.get(plain(name));
    if (key !== undefined) return key;
    throw new HandgradError('usage', `${where} names no setting of train; ${didYouMean(name, KEYS)}`);
  },
  value(key, value, where) {
    // Text is read as the flag's text would be; a lone width is a list of one.
    const read = typeof value === 'string' ? readSetting(key as ConfigKey, value) : value;
    const meant = key === 'hidden' && typeof read === 'number' ? [read] : read;
    const parsed = configSchema.shape[key as ConfigKey].safeParse(meant);
    if (parsed.success && parsed.data !== undefined) return parsed.data;
    const rule = parsed.error?.issues[0]?.message ?? 'given';
    throw new HandgradError('usage', `${where} must be ${rule}, not ${quoted(value)}.`);
  },
  defaults: DEFAULTS,
};
