/** A crafted file, what our reader says to it, and what the reference implementation does with it. */
export interface Malformed {
  readonly rule: string;
  readonly bytes: Uint8Array;
  readonly says: RegExp;
  /** `accepts`: our rules are stricter there, on purpose. */
  readonly reference: 'refuses' | 'accepts';
}

/** A file from its header and the bytes after it. */
export function file(header: string | Uint8Array, body: string | Uint8Array = ''): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(body)]);
}

const FOUR = '\0\0\0\0';
const ONE = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
const one = (from: string, to: string, body = FOUR) => file(ONE.replace(from, to), body);
const two = (offsetsA: string, offsetsB: string, body: string) =>
  file(
    `{"a":{"dtype":"F32","shape":[1],"data_offsets":[${offsetsA}]},` +
      `"b":{"dtype":"F32","shape":[1],"data_offsets":[${offsetsB}]}}`,
    body,
  );
const prefix = (length: bigint, rest = '{}') => {
  const bytes = file(rest);
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(0, length, true);
  return bytes;
};
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

const refused = (rule: string, bytes: Uint8Array, says: RegExp): Malformed => ({
  rule,
  bytes,
  says,
  reference: 'refuses',
});
const stricter = (rule: string, bytes: Uint8Array, says: RegExp): Malformed => ({
  rule,
  bytes,
  says,
  reference: 'accepts',
});

const NO_VALUE = /holds something other than objects, arrays, strings and unsigned integers/;

export const MALFORMED: readonly Malformed[] = [
  refused('F70 an empty file', new Uint8Array(0), /it has 0 bytes and the shortest one has 8/),
  refused('F70 seven bytes', new Uint8Array(7), /it has 7 bytes/),
  refused('F70 no header at all', new Uint8Array(8), /does not begin with an opening brace at byte 8/),
  refused('F70 a header of 100,000,001 bytes', prefix(100_000_001n), /header of 100000001 bytes and at most 100000000/),
  refused('F70 a header that ends after the file', prefix(3n), /should have 3 bytes and the file ends 2 after byte 8/),
  refused('F72 the header of ten million tensors', prefix(10_000_000n * 47n), /header of 470000000 bytes and at most/),
  refused('F72 a header of 2^63 bytes', prefix(2n ** 63n), /header of 9223372036854775808 bytes/),
  refused('F72 a header of 2^64 - 1 bytes', prefix(2n ** 64n - 1n), /header of 18446744073709551615 bytes/),

  refused('F70 a byte that is not UTF-8', file(latin1(ONE.replace('a', '\xff')), FOUR), /not valid UTF-8/),
  refused('F70 a surrogate in UTF-8', file(latin1(ONE.replace('a', '\xed\xa0\x80')), FOUR), /not valid UTF-8/),
  refused('F70 an overlong form in UTF-8', file(latin1(ONE.replace('a', '\xc0\xaf')), FOUR), /not valid UTF-8/),
  refused('F70 a byte order mark', file(`\ufeff${ONE}`, FOUR), /does not begin with an opening brace/),
  stricter('F70 a space before the brace', file(` ${ONE}`, FOUR), /does not begin with an opening brace/),
  refused(
    'F70 something after the closing brace',
    file(`${ONE}x`, FOUR),
    /continues after its closing brace \(byte 62\)/,
  ),
  refused('F70 zero bytes after the closing brace', file(`${ONE}\0\0`, FOUR), /continues after its closing brace/),
  refused('F70 a list at the top', file('[]'), /does not begin with an opening brace/),
  refused('F70 a brace that is not closed', file('{"a":{'), /lacks a key in quotes/),
  refused('F70 a comma before the closing brace', one('}}', '},}'), /lacks a key in quotes/),
  refused('F70 no colon', one('"a":', '"a" '), /lacks a colon/),
  refused('F70 no comma', one('"F32",', '"F32" '), /lacks a comma or a closing brace/),
  refused('F70 a list that is not closed', one('[1]', '[1'), /lacks a comma or a closing bracket/),
  refused('F70 a key without quotes', one('"a"', 'a'), /lacks a key in quotes/),
  refused('F70 a string without an end', file('{"a'), /has a string without an end/),
  refused('F70 a string that ends in a backslash', file('{"a\\'), /has a string without an end/),
  refused('F70 a line feed in a string', one('"a"', '"\n"'), /has a control character in a string/),
  refused('F70 an unknown escape', one('"a"', '"\\x"'), /has an escape that JSON does not know/),
  refused('F70 half of a surrogate pair, escaped', one('"a"', '"\\ud800"'), /has half of a surrogate pair/),
  refused('F70 a comment', file(`{/**/${ONE.slice(1)}`, FOUR), /lacks a key in quotes/),
  refused('F70 a no-break space', file(`{\u00a0${ONE.slice(1)}`, FOUR), /lacks a key in quotes/),
  refused('F70 true', one('[1]', '[true]'), NO_VALUE),
  refused('F70 null', one('[1]', '[null]'), NO_VALUE),
  refused('F70 NaN', one('[1]', '[NaN]'), NO_VALUE),
  refused('F70 a negative integer', one('[1]', '[-1]'), NO_VALUE),
  refused('F70 an integer with a plus sign', one('[1]', '[+1]'), NO_VALUE),
  refused('F71 minus zero as an offset', one('[0,4]', '[-0,4]'), NO_VALUE),
  refused('F71 minus zero as a width', one('[1]', '[-0]', ''), NO_VALUE),
  refused('F71 1e0 as a width', one('[1]', '[1e0]'), /has a number that is not a plain integer/),
  refused('F71 1E0 as a width', one('[1]', '[1E0]'), /has a number that is not a plain integer/),
  refused('F71 1.0 as a width', one('[1]', '[1.0]'), /has a number that is not a plain integer/),
  refused('F71 4e0 as an offset', one('[0,4]', '[0,4e0]'), /has a number that is not a plain integer/),
  refused('F70 a leading zero', one('[1]', '[01]'), /has a number with a leading zero/),
  refused('F71 a width of 2^53 + 1', one('[1]', '[9007199254740993]'), /has an integer above 2\^53 - 1/),
  refused('F71 a width of 2^64', one('[1]', '[18446744073709551616]'), /has an integer above 2\^53 - 1/),
  stricter(
    'F71 a width of 2^64 - 1 in an empty tensor',
    file('{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}'),
    /has an integer above 2\^53 - 1/,
  ),
  refused('F70 nesting without end', file(`{"a":${'['.repeat(100_000)}`), /nests deeper than 127 levels/),
  refused('F70 128 levels in a field nobody reads', one('"dtype"', `"x":${nested(126)},"dtype"`), /nests deeper/),

  stricter('F70 two tensors of one name', one('}}', `},${ONE.slice(1, -1)}}`), /has the key "a" twice \(byte 62\)/),
  stricter(
    'F70 two tensors of one name, one escaped',
    one('}}', `},${ONE.slice(1, -1).replace('"a"', '"\\u0061"')}}`),
    /has the key "a" twice/,
  ),
  refused('F70 a field twice', one('"dtype"', '"dtype":"F32","dtype"'), /has the key "dtype" twice/),
  refused(
    'F70 __metadata__ twice',
    one('{', '{"__metadata__":{},"__metadata__":{},'),
    /has the key "__metadata__" twice/,
  ),
  stricter('F70 a metadata key twice', one('{', '{"__metadata__":{"k":"1","k":"2"},'), /has the key "k" twice/),
  stricter(
    'F70 a key twice in a field nobody reads',
    one('"dtype"', '"x":{"k":1,"k":1},"dtype"'),
    /has the key "k" twice/,
  ),
  stricter('F71 __proto__ twice', file(`{"__proto__":${ONE.slice(5, -1)},"__proto__":${ONE.slice(5)}`, FOUR), /twice/),

  refused('F70 an unknown dtype', one('F32', 'F128'), /tensor "a" has the unknown type "F128"/),
  refused('F70 a dtype in lower case', one('F32', 'f32'), /unknown type "f32"/),
  refused('F71 constructor as a dtype', one('F32', 'constructor'), /unknown type "constructor"/),
  refused('F71 __proto__ as a dtype', one('F32', '__proto__'), /unknown type "__proto__"/),
  stricter('F70 an object as a dtype', one('"F32"', '{"F32":null}'), NO_VALUE),
  refused('F70 no dtype', file('{"a":{"shape":[1],"data_offsets":[0,4]}}', FOUR), /tensor "a" has no dtype/),
  refused('F70 no shape', file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', FOUR), /tensor "a" has no shape/),
  refused('F70 no offsets', file('{"a":{"dtype":"F32","shape":[1]}}', FOUR), /tensor "a" has no data_offsets/),
  refused('F70 a shape of strings', one('[1]', '["1"]'), /has no shape made of integers/),
  refused('F70 one offset', one('[0,4]', '[4]'), /has no data_offsets made of two integers/),
  refused('F70 three offsets', one('[0,4]', '[0,4,4]'), /has no data_offsets made of two integers/),
  refused('F70 a tensor that is a string', file('{"a":"F32"}'), /tensor "a" is not described by an object/),
  stricter(
    'F70 a tensor that is a list',
    file('{"a":["F32",[1],[0,4]]}', FOUR),
    /tensor "a" is not described by an object/,
  ),
  stricter('F70 a field that is null', one('"dtype"', '"x":null,"dtype"'), NO_VALUE),

  refused('F70 a first tensor that begins late', one('[0,4]', '[4,8]', FOUR + FOUR), /tensor "a" leaves a gap/),
  refused('F70 a hole', two('0,4', '5,9', `${FOUR}x${FOUR}`), /tensor "b" leaves a gap/),
  refused('F70 an overlap', two('0,4', '2,6', `${FOUR}xx`), /tensor "b" overlaps the one before it/),
  refused('F70 two tensors in one place', two('0,4', '0,4', FOUR), /overlaps the one before it/),
  refused('F70 an end before its begin', one('[0,4]', '[4,0]'), /tensor "a" spans bytes 4 to 0/),
  refused(
    'F70 more data than the shape takes',
    one('[1]', '[0]'),
    /spans bytes 0 to 4 and its shape takes 0 bits of F32/,
  ),
  refused(
    'F70 less data than the shape takes',
    one('[1]', '[2]'),
    /spans bytes 0 to 4 and its shape takes 64 bits of F32/,
  ),
  refused('F70 a type that is not whole bytes', one('F32', 'F4'), /its shape takes 4 bits of F4/),
  refused(
    'F70 four bits in no byte',
    one('F32","shape":[1],"data_offsets":[0,4]', 'F4","shape":[1],"data_offsets":[0,0]', ''),
    /spans bytes 0 to 0 and its shape takes 4 bits of F4/,
  ),
  refused('F70 a byte after the last tensor', one('', '', `${FOUR}x`), /there is data after its last tensor/),
  refused('F70 a byte too few', one('', '', '\0\0\0'), /it is truncated/),
  refused('F70 a product above 2^64', one('[1]', '[4294967296,4294967296]'), /more elements than 64 bits can count/),
  refused(
    'F70 a product that wraps around to 4 bytes',
    one('[1]', '[4294967297,4294967297,4294967296,4294967296]'),
    /more elements than 64 bits can count/,
  ),
  refused(
    'F70 a size that wraps around to 0',
    one('[1],"data_offsets":[0,4]', '[4503599627370496,1024],"data_offsets":[0,0]', ''),
    /more elements than 64 bits can count/,
  ),
  refused(
    'F70 a product that overflows before a zero',
    one('[1],"data_offsets":[0,4]', '[4503599627370496,4503599627370496,0],"data_offsets":[0,0]', ''),
    /more elements than 64 bits can count/,
  ),

  refused('F70 metadata that is a string', one('{', '{"__metadata__":"x",'), /__metadata__ is not an object/),
  stricter('F70 metadata that is null', one('{', '{"__metadata__":null,'), NO_VALUE),
  refused(
    'F70 a number in the metadata',
    one('{', '{"__metadata__":{"k":1},'),
    /value of "k" in __metadata__ is not a string/,
  ),
  refused('F70 an object in the metadata', one('{', '{"__metadata__":{"k":{}},'), /value of "k" in __metadata__/),
];

/** Files that look odd and are valid. */
export const ODD_BUT_VALID: Readonly<Record<string, Uint8Array>> = {
  'no tensors': file('{}'),
  'metadata only': file('{"__metadata__":{"k":"v"}}'),
  'a header of an odd length': file(`${ONE} `, FOUR),
  'white space of all kinds': file(`{ \t\r\n${ONE.slice(1)}\n\t \r`, FOUR),
  'tensors listed in another order than they lie': two('4,8', '0,4', FOUR + FOUR),
  'a field nobody knows': one('"dtype"', '"x":{"y":[1,"z"]},"dtype"'),
  'as many levels as are allowed': one('"dtype"', `"x":${nested(125)},"dtype"`),
  'a scalar': one('[1]', '[]'),
  'an empty tensor between two others': file(
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},' +
      '"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
    FOUR + FOUR,
  ),
  'an empty tensor listed after the one that begins in its place': file(
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
    FOUR,
  ),
  'an empty name': one('"a"', '""'),
  'an escaped surrogate pair': one('"a"', '"\\ud83d\\ude00"'),
  'an escaped zero byte in a name': one('"a"', '"\\u0000"'),
  'a tensor named __proto__': one('"a"', '"__proto__"'),
  'a tensor named constructor': one('"a"', '"constructor"'),
  'a float at an odd byte': file(
    '{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}',
    `x${FOUR}`,
  ),
  'two elements of four bits': file('{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}', 'x'),
};
