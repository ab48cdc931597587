/** `batchSize` → `batch-size` */
export const flagName = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A flag as it is declared, however it is typed: `--batch_size=8` and `--batchSize=8` are `--batch-size=8`. */
export const spelledFlag = (typed: string) =>
  typed.replace(/^--\w[\w-]*/, (flag) => flagName(flag.replace(/(?<=[a-z\d])_(?=[a-z\d])/g, '-')));

/**
 * Replaces the names of settings and options in a message of the library (`batchSize`, in backticks) by flags
 * (--batch-size).
 * @param names the names that have a flag
 */
export function withFlags(text: string, names: readonly string[]): string {
  return text.replace(/`(\w+)`/g, (named, name: string) => (names.includes(name) ? `--${flagName(name)}` : named));
}
