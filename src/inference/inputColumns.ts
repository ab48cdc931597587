import type { Dataset, PreparedCategory, PreparedColumn, PreparedNumber, Samples } from '../data/samples';
import { dateText } from '../data/tables/dates';
import { inputsOf } from '../data/tables/preparation';
import type { FeatureGroup } from '../training/permutationImportance';

/** A column of the data and its features. */
export interface InputColumn extends FeatureGroup {
  /** Its value in a sample, for people: to four digits. */
  text(samples: Samples, row: number): string;
}

/** The columns that the inputs of a network come from; none for images, whose pixels mean little one by one. */
export function inputColumns({ numInputs, imageShape, preparation }: Dataset): InputColumn[] {
  if (imageShape) return [];
  let first = 0;
  const columns =
    preparation?.inputs.map((prepared) => {
      const column = { name: prepared.name, first, width: inputsOf(prepared), text: textOf(prepared) };
      first += column.width;
      return column;
    }) ??
    Array.from({ length: numInputs }, (_, i) => ({ name: `input ${i + 1}`, first: i, width: 1, text: numberText }));
  return columns.map(({ text, ...column }) => ({
    ...column,
    text({ features }, row) {
      const at = row * numInputs + column.first;
      return text(features.subarray(at, at + column.width));
    },
  }));
}

function textOf(column: PreparedColumn): (inputs: ArrayLike<number>) => string {
  return (inputs) => (column.type === 'category' ? categoryText(column, inputs) : preparedText(column, inputs));
}

function categoryText({ categories, rare }: PreparedCategory, inputs: ArrayLike<number>): string {
  const at = Array.prototype.indexOf.call(inputs, 1);
  return categories[at] ?? (at === categories.length && rare ? 'a rare one' : at < 0 ? 'an unknown one' : '–');
}

/** Six-minute steps of a day. */
const TENTHS_OF_HOURS = 240;

function preparedText({ type, mean, std, indicator }: PreparedNumber, inputs: ArrayLike<number>): string {
  if (indicator && inputs[1] === 1) return '–';
  const value = inputs[0]! * std + mean;
  if (type !== 'date') return numberText([value]);
  // Inputs in float32 are off by seconds: without rounding, midnight would be on the day before.
  return dateText(Math.round(value * TENTHS_OF_HOURS) / TENTHS_OF_HOURS).slice(0, 10);
}

function numberText(inputs: ArrayLike<number>): string {
  return `${Number(inputs[0]!.toPrecision(4))}`;
}
