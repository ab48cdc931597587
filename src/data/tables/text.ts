import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { HandgradError } from '../../errors';
import { isImageFile } from '../imageSignature';

/** Bounds the memory of one line, and of one record whose quoted cells have line ends in them. */
export const MAX_LINE_BYTES = 2 ** 20;

const LF = 10;
const CR = 13;

/** Turns the bytes of a file into UTF-8. */
interface Decoder {
  write(bytes: Buffer): Buffer;
  end(): Buffer;
}

/**
 * Text as pieces of valid UTF-8 without a byte order mark, each of which ends with a line end, except perhaps the last.
 * The first has the first two lines, if there are two.
 * UTF-16 is converted. No line is longer than `MAX_LINE_BYTES`.
 * @throws HandgradError 'data' with the line of what is not text in UTF-8 or UTF-16
 */
export async function* textPieces(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let line = 1;
  let decoder: Decoder | undefined;
  let rest: Buffer[] = [];
  let length = 0;
  const checked = (piece: Buffer): Buffer => {
    if (piece.includes(0)) throw binary(path, line + linesBefore(piece, piece.indexOf(0)));
    if (!isUtf8(piece)) throw notUtf8(path, line, piece);
    line += linesBefore(piece, piece.length);
    return piece;
  };
  const add = (bytes: Buffer): Buffer | undefined => {
    const end = lastLineEnd(bytes);
    if (end === 0) {
      rest.push(bytes);
      length += bytes.length;
      if (length <= MAX_LINE_BYTES) return undefined;
      throw new HandgradError('data', `${path}, line ${line}: the line is longer than ${MAX_LINE_BYTES} bytes.`);
    }
    const piece = rest.length === 0 ? bytes.subarray(0, end) : Buffer.concat([...rest, bytes.subarray(0, end)]);
    rest = [bytes.subarray(end)];
    length = bytes.length - end;
    return checked(piece);
  };
  // The text behind the last line end belongs to the last piece: without it, the first of a small file may be a header.
  let held: Buffer | undefined;
  for await (const chunk of joined(chunks)) {
    decoder ??= decoderOf(chunk, path);
    const piece = add(decoder.write(chunk));
    if (piece === undefined) continue;
    if (held) yield held;
    held = piece;
  }
  rest.push(decoder?.end() ?? Buffer.alloc(0));
  const last = checked(Buffer.concat(rest));
  yield held && last.length > 0 ? Buffer.concat([held, last]) : (held ?? last);
}

/**
 * Joins small chunks: the work on a chunk may be as long as the longest line, and the first one is to hold two lines of
 * any length in any encoding.
 */
async function* joined(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 6 * MAX_LINE_BYTES;
  let kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    kept.push(chunk);
    length += chunk.length;
    if (length < bytes) continue;
    yield kept.length === 1 ? chunk : Buffer.concat(kept);
    kept = [];
    length = 0;
    bytes = 2 ** 18;
  }
  if (length > 0) yield Buffer.concat(kept);
}

/** The position after the last line end; 0 without one. A CR at the very end may be half of a CRLF. */
function lastLineEnd(bytes: Buffer): number {
  const end = bytes.lastIndexOf(LF) + 1;
  return end > 0 || bytes.length < 2 ? end : bytes.lastIndexOf(CR, bytes.length - 2) + 1;
}

/** How many lines end before `position`. */
function linesBefore(bytes: Buffer, position: number): number {
  let lines = 0;
  const mark = bytes.includes(LF) ? LF : CR;
  for (let at = bytes.indexOf(mark); at >= 0 && at < position; at = bytes.indexOf(mark, at + 1)) lines++;
  return lines;
}

function decoderOf(start: Buffer, path: string): Decoder {
  const [a, b, c, d] = start;
  if (a === 0xef && b === 0xbb && c === 0xbf) return withoutMark(3);
  if (a === 0xff && b === 0xfe && !(c === 0 && d === 0)) return utf16(path, 2, false);
  if (a === 0xfe && b === 0xff) return utf16(path, 2, true);
  if (a === 0x50 && b === 0x4b && c === 3 && d === 4) {
    throw new HandgradError('data', `${path} is a spreadsheet or a zip archive; save its table as CSV.`);
  }
  if (isImageFile(start))
    throw new HandgradError('data', `${path} is an image, not a table; name a CSV or Parquet file.`);
  // In UTF-16, every second byte of digits, separators and Latin letters is zero.
  const zeros = [0, 0];
  const probed = start.subarray(0, Math.min(start.length, 1024) & ~1);
  for (const [i, byte] of probed.entries()) if (byte === 0) zeros[i % 2]!++;
  const [even, odd] = zeros as [number, number];
  const isWide = Math.max(even, odd) > probed.length / 4 && Math.min(even, odd) < probed.length / 32;
  if (isWide) return utf16(path, 0, even > odd);
  return withoutMark(0);
}

function withoutMark(mark: number): Decoder {
  let skip = mark;
  return {
    write(bytes) {
      const text = bytes.subarray(skip);
      skip = 0;
      return text;
    },
    end: () => Buffer.alloc(0),
  };
}

function utf16(path: string, mark: number, bigEndian: boolean): Decoder {
  const decoder = new StringDecoder('utf16le');
  let odd = Buffer.alloc(0);
  let skip = mark;
  let line = 1;
  const invalid = (line: number, found: string) =>
    new HandgradError('data', `${path}, line ${line}: ${found}; convert the file to UTF-8.`);
  return {
    write(bytes) {
      const pairs = Buffer.concat([odd, bytes.subarray(skip)]);
      skip = 0;
      odd = Buffer.from(pairs.subarray(pairs.length & ~1));
      const whole = pairs.subarray(0, pairs.length & ~1);
      const text = decoder.write(bigEndian ? whole.swap16() : whole);
      const lone = text.search(/\p{Surrogate}/u);
      const encoded = Buffer.from(lone < 0 ? text : text.slice(0, lone));
      line += linesBefore(encoded, encoded.length);
      if (lone >= 0) throw invalid(line, 'this is not valid UTF-16');
      return encoded;
    },
    end() {
      if (decoder.end() === '' && odd.length === 0) return odd;
      throw invalid(line, 'the text ends within a character of UTF-16');
    },
  };
}

function binary(path: string, line: number): HandgradError {
  return new HandgradError('data', `${path}, line ${line}: there is a zero byte, so this is no text; name a CSV file.`);
}

function notUtf8(path: string, first: number, piece: Buffer): HandgradError {
  let line = first;
  const mark = piece.includes(LF) ? LF : CR;
  for (let start = 0; start < piece.length; line++) {
    const end = piece.indexOf(mark, start);
    if (end < 0 || !isUtf8(piece.subarray(start, end))) break;
    start = end + 1;
  }
  const remedy = 'convert the file, as with: iconv -f latin1 -t utf-8';
  return new HandgradError('data', `${path}, line ${line}: the text is not UTF-8; ${remedy}.`);
}
