import { join } from 'node:path';
import { checkoutOf, userCache } from '../files/places';

/**
 * The default folder of data sets: `datasets/` in a checkout,
 * or the user's cache folder (`$XDG_CACHE_HOME/handgrad`, `~/.cache/handgrad`) when handgrad is installed as a package.
 */
export function defaultDataDir(codeFolder = __dirname): string {
  const root = checkoutOf(codeFolder);
  return root === undefined ? userCache() : join(root, 'datasets');
}
