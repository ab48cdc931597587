import { HandgradError } from '../../errors';
import { MAX_LINE_BYTES } from './text';

/** Bounds the cost of a line: an image of 256 x 256 pixels and its label fit, a million columns do not. */
export const MAX_COLUMNS = 65_537;

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const QUOTE = 34;

/** How a cell is quoted: `escaped` if quotes are doubled in it. */
export const QUOTING = { none: 0, quoted: 1, escaped: 2 } as const;

/** The cells of one record, as places in its bytes. It is valid until the next record. */
export interface RecordCells {
  bytes: Buffer;
  /** The line on which the record starts, from 1. */
  line: number;
  /** How many cells there are. */
  count: number;
  /** [count]: where each cell starts and ends, without its quotes, and without spaces and tabs around it. */
  starts: Int32Array;
  ends: Int32Array;
  /** [count]: values of `QUOTING`. */
  quoting: Uint8Array;
}

/** Finds the records of a text that comes in pieces. */
export interface RecordScanner {
  /** The records of the next piece that are complete. The piece must end with a line end. */
  next(piece: Buffer, take: (record: RecordCells) => void): void;
  /** The last record, which may have no line end. */
  end(take: (record: RecordCells) => void): void;
}

/**
 * Splits text into records and cells as RFC 4180 has it, with any separator. Lines end with LF, CRLF or CR; blank lines
 * are skipped; a quote within a cell that does not start with one is an ordinary character. Nothing is guessed: each
 * record has the cells that are there.
 *
 * Bytes instead of strings: 47 million cells of digits become numbers in a second, without garbage. Of the packages,
 * udsv takes the cells of a line that is too short from the next one, csv-parse needs 30 seconds for 131 MB, and
 * papaparse holds an unclosed quote's text in memory up to its end.
 * @param separator a byte below 128
 * @param path the file, for messages
 * @throws HandgradError 'data' with line and column
 */
export function recordScanner(separator: number, path: string): RecordScanner {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  const record: RecordCells = {
    bytes: rest,
    line,
    count: 0,
    starts: new Int32Array(64),
    ends: new Int32Array(64),
    quoting: new Uint8Array(64),
  };
  const stops = new Uint8Array(256);
  for (const stop of [separator, LF, CR]) stops[stop] = 1;
  const isBlank = (byte: number | undefined) => byte === SPACE || (byte === TAB && separator !== TAB);

  /** Takes the records from `bytes`; the position of the first that is incomplete. */
  const scan = (bytes: Buffer, isEnd: boolean, take: (record: RecordCells) => void): number => {
    let { starts, ends, quoting } = record;
    const length = bytes.length;
    record.bytes = bytes;
    let at = 0;
    while (at < length) {
      const first = at;
      let column = 0;
      let lines = 0;
      for (;;) {
        while (at < length && isBlank(bytes[at])) at++;
        if (column === starts.length) {
          // One more for an empty last cell.
          if (column > MAX_COLUMNS) throw invalid(path, line, column, `there are more than ${MAX_COLUMNS} columns`);
          const room = Math.min(2 * column, MAX_COLUMNS + 1);
          starts = record.starts = larger(starts, new Int32Array(room));
          ends = record.ends = larger(ends, new Int32Array(room));
          quoting = record.quoting = larger(quoting, new Uint8Array(room));
        }
        let start = at;
        let end: number;
        if (at < length && bytes[at] === QUOTE) {
          const opened = line + lines;
          start = ++at;
          quoting[column] = QUOTING.quoted;
          for (;;) {
            const close = bytes.indexOf(QUOTE, at);
            const to = close < 0 ? length : close;
            for (; at < to; at++) {
              if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) lines++;
            }
            if (close < 0 || to - first > MAX_LINE_BYTES) {
              if (!isEnd && to - first <= MAX_LINE_BYTES) return first;
              throw invalid(path, opened, column + 1, 'a quote is opened and not closed');
            }
            if (bytes[close + 1] !== QUOTE) break;
            quoting[column] = QUOTING.escaped;
            at = close + 2;
          }
          end = at++;
          while (at < length && isBlank(bytes[at])) at++;
          if (at < length && stops[bytes[at]!] === 0) {
            throw invalid(path, line + lines, column + 1, 'there is text behind a closing quote');
          }
        } else {
          while (at < length && stops[bytes[at]!] === 0) at++;
          end = at;
          while (end > start && isBlank(bytes[end - 1])) end--;
          quoting[column] = QUOTING.none;
        }
        starts[column] = start;
        ends[column] = end;
        column++;
        if (at >= length) {
          if (!isEnd) return first;
          break;
        }
        if (bytes[at++] !== separator) break;
      }
      if (at - first > MAX_LINE_BYTES) {
        throw invalid(path, line, 1, `the line is longer than ${MAX_LINE_BYTES} bytes`);
      }
      record.line = line;
      record.count = column;
      if (bytes[at - 1] === CR && bytes[at] === LF) at++;
      line += lines + 1;
      if (column > 1 || ends[0]! > starts[0]! || quoting[0] !== QUOTING.none) take(record);
    }
    return at;
  };

  return {
    next(piece, take) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      rest = bytes.subarray(scan(bytes, false, take));
    },
    end(take) {
      scan(rest, true, take);
      rest = Buffer.alloc(0);
    },
  };
}

function larger<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The text of a cell. */
export function cellText({ bytes, starts, ends, quoting }: RecordCells, column: number): string {
  const text = textIn(bytes, starts[column]!, ends[column]!);
  return quoting[column] === QUOTING.escaped ? text.replaceAll('""', '"') : text;
}

function textIn(bytes: Buffer, start: number, end: number): string {
  let ascii = true;
  for (let i = start; i < end && ascii; i++) ascii = bytes[i]! < 128;
  return bytes.toString(ascii ? 'latin1' : 'utf8', start, end);
}

/** The error for a place in a table. */
export function invalid(path: string, line: number, column: number, found: string): HandgradError {
  return new HandgradError('data', `${path}, line ${line}, column ${column}: ${found}; correct the file.`);
}
