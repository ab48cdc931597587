import { countCodes } from './columnTypes';
import { numberIn } from './number';
import { isMissing, type TextColumn } from './table';

/** Cells that keep a column from being one of numbers. */
export interface OddCells {
  /** The first of them. */
  readonly text: string;
  readonly rows: number;
}

/** A column of which this share of the cells are numbers, or would be without a sign, looks like one of numbers. */
const NUMERIC_SHARE = 0.9;

/** Fewer different numbers than this may be codes of categories. */
const FEWEST_NUMBERS = 5;

const SIGN = /^[$€£¥]\s?|\s?[$€£¥%]$/g;

/** What keeps a column of texts from being one of numbers; undefined where it does not look like one. */
export function oddCells({ codes, texts, decimal }: TextColumn): OddCells | undefined {
  const counts = countCodes(codes, texts.length);
  let [numeric, present, rows, different] = [0, 0, 0, 0];
  let first: string | undefined;
  for (const [code, text] of texts.entries()) {
    if (isMissing(text)) continue;
    present += counts[code]!;
    const isNumber = numberIn(text, decimal) !== undefined;
    if (!isNumber) {
      rows += counts[code]!;
      first ??= text;
    }
    if (!isNumber && numberIn(text.replaceAll(SIGN, ''), decimal) === undefined) continue;
    numeric += counts[code]!;
    different++;
  }
  if (first === undefined || different < FEWEST_NUMBERS || numeric < NUMERIC_SHARE * present) return undefined;
  return { text: first, rows };
}
