import { HandgradError } from '../errors';
import { type Config, DEFAULTS, keysWhere, settings } from './config';

/**
 * Refuses settings that would silently have no effect, and combinations that contradict each other.
 * @throws HandgradError 'usage' naming the setting and what it needs
 */
export function assertSettingsApply(config: Config): void {
  for (const key of keysWhere(({ needs }) => needs !== undefined)) {
    const { setting, values, why } = settings[key].needs!;
    if (!config[key] || config[key] === DEFAULTS[key]) continue;
    const other = [config[setting]].flat();
    const applies = values ? other.some((value) => values.includes(String(value))) : other.some(Boolean);
    if (applies) continue;
    const what = values ? ` ${values.join(', ').replace(/, (?=[^,]*$)/, ' or ')}` : `: ${why}`;
    throw new HandgradError('usage', `\`${key}\` needs \`${setting}\`${what}; add that, or leave it out.`);
  }
  const { warmup, epochs, initFrom, batchNorm, normalize, groupColumn, timeColumn } = config;
  if (warmup > 0 && warmup >= epochs) {
    throw new HandgradError('usage', '`warmup` must be shorter than `epochs`; train longer, or leave it out.');
  }
  if (groupColumn !== undefined && timeColumn !== undefined) {
    throw new HandgradError(
      'usage',
      '`groupColumn` and `timeColumn` split the rows differently; leave one of them out.',
    );
  }
  const conflict = batchNorm ? 'batchNorm' : normalize ? 'normalize' : undefined;
  if (initFrom === undefined || !conflict) return;
  throw new HandgradError(
    'usage',
    `\`${conflict}\` cannot start from saved weights, which belong to a plain network; leave it or \`initFrom\` out.`,
  );
}
