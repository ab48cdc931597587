import type { Book } from '../store';
import { batches } from './batches';
import { check } from './check';
import { draw } from './draw';
import { error } from './error';
import { examples } from './examples';
import { hidden } from './hidden';
import { initialization } from './initialization';
import { mask } from './mask';
import { paths } from './paths';
import { product } from './product';
import { softmax } from './softmax';
import { training } from './training';
import { update } from './update';

/** A live figure: fills its element, and keeps it current. */
export type Figure = (root: HTMLElement, book: Book) => void;

/** Every figure, by the name that the sections use. */
export const FIGURES: Readonly<Record<string, Figure>> = {
  ...{ examples, initialization, hidden, softmax, error, product, mask, paths, check, update, batches, training, draw },
};
