/** How often the complete state of a run is saved. */
export type CheckpointEvery =
  | { readonly unit: 'steps' | 'epochs' | 'seconds'; readonly count: number }
  /** Only when the run ends or is stopped. */
  | { readonly unit: 'never' };

/** The rule for its text, in messages. */
export const CHECKPOINT_EVERY_RULE =
  'a whole number of steps, or one with its unit such as 2epochs, 30s, 10m or 1h, or never';

const PATTERN = /^([1-9]\d{0,8}) ?(|steps?|epochs?|s|m|h)$/;
const SECONDS = { s: 1, m: 60, h: 3600 };

/** Whether a text is valid. */
export const isCheckpointEvery = (text: string) => text === 'never' || PATTERN.test(text);

/** Parses a valid text. */
export function parseCheckpointEvery(text: string): CheckpointEvery {
  const [, digits, unit] = PATTERN.exec(text) ?? [];
  if (digits === undefined) return { unit: 'never' };
  const count = Number(digits);
  if (unit === 's' || unit === 'm' || unit === 'h') return { unit: 'seconds', count: count * SECONDS[unit] };
  return { unit: unit!.startsWith('epoch') ? 'epochs' : 'steps', count };
}
