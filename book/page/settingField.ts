import { numberField } from './drawing/dom';
import { LIMITS } from './settings';
import type { Book } from './store';

/** A field for a number among the settings: changes it, and follows it where something else changes it. */
export function settingField(
  book: Book,
  key: keyof typeof LIMITS,
  title: string,
  step: 1 | 'any' = 1,
): HTMLLabelElement {
  const [min, max] = LIMITS[key];
  const field = numberField(title, { min, max, step, value: book.settings()[key] }, (value) => {
    book.change({ [key]: value });
  });
  const input = field.querySelector('input')!;
  input.name = key;
  book.onSettings([key], (settings) => (input.value = String(settings[key])));
  return field;
}
