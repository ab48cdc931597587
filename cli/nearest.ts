import { closest } from 'fastest-levenshtein';

/** The half sentence that follows an unknown name: `; did you mean --epochs?` */
export function didYouMean(name: string, known: readonly string[], prefix = ''): string {
  return `did you mean ${prefix}${closest(name, [...known])}?`;
}
