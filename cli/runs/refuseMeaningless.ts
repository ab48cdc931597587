import { HandgradError } from '../../src/errors';
import { type Config, type ConfigKey, DEFAULTS } from '../../src/runs/config';
import { flagName } from '../arguments/options';

/** Settings that only some others give a meaning, and those. */
const MEANINGFUL: readonly { key: ConfigKey; when: (config: Config) => boolean; needs: string }[] = [
  {
    key: 'momentum',
    when: ({ optimizer }) => /momentum|nesterov/.test(optimizer),
    needs: '--optimizer momentum or nesterov',
  },
  { key: 'beta1', when: ({ optimizer }) => /adam/.test(optimizer), needs: '--optimizer adam or adamw' },
  {
    key: 'beta2',
    when: ({ optimizer }) => /adam|rmsprop/.test(optimizer),
    needs: '--optimizer adam, adamw or rmsprop',
  },
  {
    key: 'epsilon',
    when: ({ optimizer }) => /adam|rmsprop/.test(optimizer),
    needs: '--optimizer adam, adamw or rmsprop',
  },
  {
    key: 'lrDecay',
    when: ({ schedule }) => /step|exponential/.test(schedule),
    needs: '--schedule step or exponential',
  },
  { key: 'lrDecayEvery', when: ({ schedule }) => schedule === 'step', needs: '--schedule step' },
  { key: 'shiftPixels', when: ({ augment }) => augment.includes('shift'), needs: '--augment shift' },
  { key: 'cutoutPixels', when: ({ augment }) => augment.includes('cutout'), needs: '--augment cutout' },
  {
    key: 'patience',
    when: ({ valFraction }) => valFraction > 0,
    needs: '--val-fraction: the test set is not for choosing',
  },
  { key: 'batchNorm', when: ({ hidden }) => hidden.length > 0, needs: '--hidden: it is for hidden layers' },
  { key: 'dropout', when: ({ hidden }) => hidden.length > 0, needs: '--hidden: it is for hidden layers' },
  { key: 'warmup', when: ({ warmup, epochs }) => warmup < epochs, needs: 'more --epochs than those of the warmup' },
];

/**
 * Refuses what would be quietly without effect.
 * @throws HandgradError 'usage' naming the setting and what it needs
 */
export function refuseMeaningless(config: Config): void {
  const idle = MEANINGFUL.find(({ key, when }) => config[key] && config[key] !== DEFAULTS[key] && !when(config));
  if (idle) throw new HandgradError('usage', `--${flagName(idle.key)} needs ${idle.needs}; add that, or leave it out.`);
  if (config.initFrom === undefined) return;
  const key = config.batchNorm ? 'batchNorm' : config.normalize ? 'normalize' : undefined;
  if (!key) return;
  throw new HandgradError(
    'usage',
    `--${flagName(key)} cannot start from saved weights, which are those of a plain network for inputs as they are; leave it or --init-from out.`,
  );
}
