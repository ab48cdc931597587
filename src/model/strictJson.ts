import { isUtf8 } from 'node:buffer';
import { quoted } from '../words';

/** The part of JSON that a safetensors header may hold. Objects are Maps, so that `__proto__` is an ordinary key. */
export type StrictJson = string | number | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

/** The depth limit of serde_json, the parser of the reference implementation: level 128 is refused. */
export const MAX_DEPTH = 127;
/** Bounds the memory for a header of 100 MB; enough for some 100,000 tensors. */
export const MAX_VALUES = 1_000_000;

const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Parses UTF-8 JSON that consists of objects, arrays, strings and unsigned integers up to 2^53 - 1, and nothing else.
 * `JSON.parse` is too lenient for untrusted files: it keeps the last of duplicate keys, rounds large integers and
 * accepts `1e3`, `1.0` and `-0` as integers.
 * @param fail called with the error and its byte position; must throw
 */
export function parseStrictJson(bytes: Uint8Array, fail: (what: string, at: number) => never): StrictJson {
  let at = 0;
  let values = 0;

  if (!isUtf8(bytes)) fail('is not valid UTF-8', 0);
  skipSpace();
  const value = parseValue(1);
  skipSpace();
  if (at < bytes.length) fail('continues after its closing brace', at);
  return value;

  function skipSpace(): void {
    // JSON whitespace: space, tab, line feed, carriage return.
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
    }
  }

  function take(byte: number): boolean {
    skipSpace();
    if (bytes[at] !== byte) return false;
    at++;
    return true;
  }

  function parseValue(depth: number): StrictJson {
    if (++values > MAX_VALUES) fail(`holds more than ${MAX_VALUES} values`, at);
    if (take(BRACE_OPEN)) return parseObject(depth);
    if (take(BRACKET_OPEN)) return parseArray(depth);
    if (bytes[at] === QUOTE) return parseString();
    if (isDigit(bytes[at])) return parseInteger();
    return fail('holds something other than objects, arrays, strings and unsigned integers', at);
  }

  function parseObject(depth: number): ReadonlyMap<string, StrictJson> {
    if (depth > MAX_DEPTH) fail(`nests deeper than ${MAX_DEPTH} levels`, at);
    const object = new Map<string, StrictJson>();
    if (take(BRACE_CLOSE)) return object;
    do {
      skipSpace();
      const keyAt = at;
      if (bytes[at] !== QUOTE) fail('lacks a key in quotes', at);
      const key = parseString();
      if (object.has(key)) fail(`has the key ${quoted(key)} twice`, keyAt);
      if (!take(COLON)) fail('lacks a colon after a key', at);
      object.set(key, parseValue(depth + 1));
    } while (take(COMMA));
    if (!take(BRACE_CLOSE)) fail('lacks a comma or a closing brace', at);
    return object;
  }

  function parseArray(depth: number): readonly StrictJson[] {
    if (depth > MAX_DEPTH) fail(`nests deeper than ${MAX_DEPTH} levels`, at);
    const array: StrictJson[] = [];
    if (take(BRACKET_CLOSE)) return array;
    do array.push(parseValue(depth + 1));
    while (take(COMMA));
    if (!take(BRACKET_CLOSE)) fail('lacks a comma or a closing bracket', at);
    return array;
  }

  function parseInteger(): number {
    const begin = at;
    while (isDigit(bytes[at])) at++;
    if (bytes[begin] === ZERO && at > begin + 1) fail('has a number with a leading zero', begin);
    const next = bytes[at];
    if (next === 0x2e || next === 0x45 || next === 0x65) fail('has a number that is not a plain integer', begin);
    // 2^53 - 1 has 16 digits; more digits are too large without parsing them.
    const number = at - begin > 16 ? Infinity : Number(text(begin, at));
    if (!Number.isSafeInteger(number)) fail('has an integer above 2^53 - 1', begin);
    return number;
  }

  function parseString(): string {
    const begin = at++;
    let escaped = false;
    for (; bytes[at] !== QUOTE; at++) {
      if (at >= bytes.length) fail('has a string without an end', begin);
      if (bytes[at]! < 0x20) fail('has a control character in a string', at);
      if (bytes[at] === BACKSLASH) {
        escaped = true;
        at++;
      }
    }
    at++;
    return escaped ? unescape(begin) : text(begin + 1, at - 1);
  }

  function unescape(begin: number): string {
    let string = '';
    try {
      string = JSON.parse(text(begin, at)) as string;
    } catch {
      fail('has an escape that JSON does not know in a string', begin);
    }
    // An unpaired surrogate is not text: it cannot be written back as UTF-8.
    if (/\p{Surrogate}/u.test(string)) fail('has half of a surrogate pair in a string', begin);
    return string;
  }

  function text(begin: number, end: number): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString('utf8');
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
