import { CONFIG_KEYS } from '../../src/runs/config';

/** `batchSize` → `batch-size` */
export const flagName = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A text of the library, which names settings as `batchSize` in backticks, with their flags instead: --batch-size. */
export function withFlags(text: string): string {
  const flagOf = (named: string, key: string) =>
    CONFIG_KEYS.some((one) => one === key) ? `--${flagName(key)}` : named;
  return text.replace(/`(\w+)`/g, flagOf);
}
