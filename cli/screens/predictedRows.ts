import type { PredictedRows } from '../../src/inference/predictRows';
import { formatShare, formatUnits, visibleName } from '../../src/words';

/** What the outputs of a model of a table are. */
export interface RowOutputs {
  /** Of the classes; undefined for regression. */
  readonly classNames?: readonly string[];
  /** For regression: the names of the labels. */
  readonly targets?: readonly string[];
  /** For two classes: the second is predicted where its probability is at least this. */
  readonly threshold?: number;
}

/** How predicted rows are written. */
export interface RowForm {
  /** What stands above the rows, with its line feed. */
  readonly header: string;
  /** The lines of some rows. @param number that of the first of them, from 1 */
  readonly lines: (rows: PredictedRows, number: number) => string;
}

/**
 * The forms of predicted rows, by their outputs and the width that they should fit into. In CSV and JSON lines, a
 * probability is the shortest text of its float32, and a value in the units of its label that of its float64.
 */
export const ROW_FORMS = {
  csv: (model) => {
    const names = model.classNames?.map(csvCell);
    return {
      header: csvHeader(['row'], model),
      lines: linesOf(model, (row, predicted, outputs, from, to) => {
        let line = names ? `${row},${names[predicted]!}` : `${row}`;
        for (let at = from; at < to; at++) line += `,${names ? shortest(outputs[at]!) : outputs[at]!}`;
        return line;
      }),
    };
  },
  json: (model) => {
    const names = (model.classNames ?? model.targets!).map((name) => JSON.stringify(name));
    const keys = names.map((name, i) => `${i === 0 ? '' : ','}${name}:`);
    const [open, close] = model.classNames ? [',"probabilities":{', '}}'] : [',"values":{', '}}'];
    const lines = linesOf(model, (row, predicted, outputs, from, to) => {
      if (!model.classNames && names.length === 1) return `{"row":${row},"value":${outputs[from]!}}`;
      let line = `{"row":${row}${model.classNames ? `,"class":${names[predicted]!}` : ''}${open}`;
      for (let at = from; at < to; at++) {
        line += keys[at - from]! + String(model.classNames ? shortest(outputs[at]!) : outputs[at]!);
      }
      return line + close;
    });
    return { header: '', lines };
  },
  text: (model, width) => {
    const names = (model.classNames ?? model.targets!).map(visibleName);
    const widths = names.map((name) => Math.max(name.length, model.classNames ? 6 : 12));
    const classWidth = Math.max('Class'.length, ...names.map(({ length }) => length));
    const format = model.classNames ? formatShare : formatUnits;
    const heads = names.map((name, i) => `  ${name.padStart(widths[i]!)}`).join('');
    const lead = 'Row'.length + 4 + 2 + classWidth;
    // In a narrow terminal, only the probability of the predicted class.
    if (model.classNames && lead + heads.length > width) {
      return {
        header: `${'Row'.padStart(7)}  ${'Class'.padEnd(classWidth)}  Probability\n`,
        lines: linesOf(model, (row, predicted, outputs, from) => {
          const share = format(outputs[from + predicted]!).padStart('Probability'.length);
          return `${`${row}`.padStart(7)}  ${names[predicted]!.padEnd(classWidth)}  ${share}`;
        }),
      };
    }
    return {
      header: `${'Row'.padStart(7)}${model.classNames ? `  ${'Class'.padEnd(classWidth)}` : ''}${heads}\n`,
      lines: linesOf(model, (row, predicted, outputs, from, to) => {
        let line = `${row}`.padStart(7);
        if (model.classNames) line += `  ${names[predicted]!.padEnd(classWidth)}`;
        for (let at = from; at < to; at++) line += `  ${format(outputs[at]!).padStart(widths[at - from]!)}`;
        return line;
      }),
    };
  },
} satisfies Record<string, (model: RowOutputs, width: number) => RowForm>;

/** The first line of a CSV of predictions. @param keys the columns that say what each line is about */
export function csvHeader(keys: readonly string[], { classNames, targets }: RowOutputs): string {
  const columns = classNames ? ['class', ...classNames.map((name) => `probability_${name}`)] : targets!;
  return `${[...keys, ...columns].map(csvCell).join(',')}\n`;
}

/** A line of a CSV of predictions. @param outputs undefined where there is no prediction */
export function csvLine(keys: readonly string[], outputs: ArrayLike<number> | undefined, model: RowOutputs): string {
  const { classNames, targets, threshold } = model;
  const cells = Array.from(outputs ?? [], (value) => String(classNames ? shortest(value) : value));
  if (classNames) cells.unshift(outputs ? classNames[classAt(outputs, 0, outputs.length, threshold)]! : '');
  const missing = outputs ? 0 : (classNames ?? targets!).length;
  return `${[...keys, ...cells, ...Array.from({ length: missing }, () => '')].map(csvCell).join(',')}\n`;
}

/** @param predicted the class of the row; its outputs stand at [from, to) */
type LineOf = (row: number, predicted: number, outputs: ArrayLike<number>, from: number, to: number) => string;

function linesOf({ classNames, threshold }: RowOutputs, lineOf: LineOf): RowForm['lines'] {
  return ({ count, outputs }, number) => {
    const k = outputs.length / count;
    let lines = '';
    for (let i = 0; i < count; i++) {
      const [from, to] = [i * k, (i + 1) * k];
      const predicted = classNames ? classAt(outputs, from, to, threshold) : 0;
      lines += `${lineOf(number + i, predicted, outputs, from, to)}\n`;
    }
    return lines;
  };
}

function classAt(outputs: ArrayLike<number>, from: number, to: number, threshold: number | undefined): number {
  if (threshold !== undefined) return outputs[from + 1]! >= threshold ? 1 : 0;
  let best = from;
  for (let at = from + 1; at < to; at++) if (outputs[at]! > outputs[best]!) best = at;
  return best - from;
}

/** Powers of ten that a float64 holds exactly: a whole number divided by one is rounded once. */
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** The number with the fewest digits that is the same in float32: 0.9 instead of 0.8999999761581421. */
export function shortest(value: number): number {
  if (Number.isInteger(value)) return value;
  if (value > 1e-13 && value < 1) {
    // Six to nine digits behind the leading zeros. Numbers as texts would take three times as long.
    let first = 6;
    for (let leading = value; leading < 0.1; leading *= 10) first++;
    for (let digits = first; digits < first + 4 && digits < POWERS.length; digits++) {
      const power = POWERS[digits]!;
      const rounded = Math.round(value * power) / power;
      if (Math.fround(rounded) === value) return rounded;
    }
  }
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}

/** A cell of a CSV file (RFC 4180). */
function csvCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
