import type { TrainingSettings } from './settings';

/** What the page's numbers are compared with: those of the library, in Node on wasm. */
export interface Reference extends TrainingSettings {
  /** The mean training loss of the first epoch. */
  readonly loss: number;
}

/** What the page knows of its data before they are loaded. */
export interface About {
  readonly name: string;
  readonly trainCount: number;
  readonly testCount: number;
  /** [height, width] */
  readonly imageShape: readonly [number, number];
  readonly classNames: readonly string[];
  readonly background: 'dark' | 'light';
  readonly reference: Reference;
}
