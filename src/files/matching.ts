import { isAbsolute } from 'node:path';

/** Whether a name that no file has is a pattern of names. */
export function isPattern(name: string): boolean {
  return /[*?[{]/.test(name);
}

/**
 * The files that a pattern matches, sorted as people number them: 2.png before 10.png. Hidden ones are left out.
 * @param pattern such as `part-*.csv`, relative to `cwd`
 */
export async function filesMatching(
  pattern: string,
  how: { readonly cwd?: string; readonly caseSensitiveMatch?: boolean } = {},
): Promise<string[]> {
  const collator = new Intl.Collator('en', { numeric: true });
  const { glob } = await import('tinyglobby');
  const slashes = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  // Otherwise, tinyglobby turns absolute paths into relative ones.
  const found = await glob(slashes, { ...how, dot: false, expandDirectories: false, absolute: isAbsolute(pattern) });
  return found.sort((a, b) => collator.compare(a, b));
}
