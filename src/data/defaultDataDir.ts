import { join } from 'node:path';
import { checkoutOf, userCache } from '../files/places';

/**
 * Where data sets are kept unless the user says otherwise: `datasets/` of the checkout this runs from,
 * or the user's cache folder (`$XDG_CACHE_HOME/handgrad`, `~/.cache/handgrad`) when handgrad is installed as a package.
 */
export function defaultDataDir(codeFolder = __dirname): string {
  const root = checkoutOf(codeFolder);
  return root === undefined ? userCache() : join(root, 'datasets');
}
