/** `batchSize` → `batch-size` */
export const flagName = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * A text of the library, which names settings and options as `batchSize`, in backticks, with their flags instead:
 * --batch-size.
 * @param names those that have a flag
 */
export function withFlags(text: string, names: readonly string[]): string {
  return text.replace(/`(\w+)`/g, (named, name: string) => (names.includes(name) ? `--${flagName(name)}` : named));
}
