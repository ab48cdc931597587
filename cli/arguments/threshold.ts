import { number } from '../../src/kinds';
import { flag } from './flags';

/** For models of two classes. */
export const THRESHOLD = flag(
  number('a number from 0 to 1', (value) => value >= 0 && value <= 1),
  { help: 'with two classes, predict the second if its probability is at least T', otherwise: 'the more probable' },
);
