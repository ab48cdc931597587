import { createRandom, type Random } from '../../src/random';

/** What breaks readers, in the place of a value. */
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    0,
    -1,
    0.5,
    1e308,
    2 ** 53,
    -0,
    '',
    'x'.repeat(300),
    '../x',
    '\u0000\u001b[31m',
    '__proto__',
    'valueOf',
  ],
  ...[
    'constructor',
    [],
    {},
    [[]],
    [null],
    { a: 1 },
    { valueOf: 1 },
    { length: 2 ** 32 },
    '9'.repeat(400),
    '=1+1',
    '\ud800',
  ],
];
/** What breaks parsers, in the place of bytes. */
const TOKENS = [
  '{',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\n',
  '\\u',
  '1e999',
  'NaN',
  '-',
  '__proto__',
  'null',
  '\0',
  '\xff',
  '&a',
  '*a',
];

/** Mutates valid content: a value of its JSON, or its bytes; the same in every process. */
export function mutations(seed: number): (valid: Buffer) => Buffer {
  const random = createRandom(seed, 'split');
  return (valid) => {
    if (random.uniform() < 0.6) {
      const mutated = mutatedJson(valid, random);
      if (mutated) return mutated;
    }
    let bytes: Buffer = Buffer.from(valid);
    for (let count = 1 + random.integer(3); count > 0; count--) bytes = mutatedBytes(bytes, random);
    return bytes;
  };
}

/** Replaces values of a JSON text, or of one of its lines. */
function mutatedJson(valid: Buffer, random: Random): Buffer | undefined {
  const lines = valid.toString('utf8').split('\n');
  const whole = parsed(lines.join('\n'));
  if (whole !== undefined) return Buffer.from(`${text(replaced(whole, random))}\n`);
  const at = random.integer(Math.max(1, lines.length - 1));
  const line = parsed(lines[at]!);
  if (line === undefined) return undefined;
  lines[at] = text(replaced(line, random));
  return Buffer.from(lines.join('\n'));
}

/** As `JSON.stringify`, where a key may be `__proto__`. */
function text(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined';
}

function parsed(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function replaced(value: unknown, random: Random): unknown {
  const isNode = typeof value === 'object' && value !== null;
  const keys = isNode ? Object.keys(value) : [];
  if (!isNode || keys.length === 0 || random.uniform() < 0.1) return VALUES[random.integer(VALUES.length)];
  const key = keys[random.integer(keys.length)]!;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  const chance = random.uniform();
  if (chance < 0.1) delete copy[key];
  else if (chance < 0.2) {
    const name = String(VALUES[random.integer(VALUES.length)]);
    Object.defineProperty(copy, name, { value: copy[key], enumerable: true, configurable: true, writable: true });
  } else copy[key] = replaced(copy[key], random);
  return copy;
}

function mutatedBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.integer(bytes.length + 1);
  const length = random.integer(Math.min(40, bytes.length - at) + 1);
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  const kind = random.integer(6);
  if (kind === 0) return before;
  if (kind === 1) return Buffer.concat([before, after]);
  if (kind === 2) return Buffer.concat([before, part, part, after]);
  if (kind === 3) {
    const token = TOKENS[random.integer(TOKENS.length)]!;
    return Buffer.concat([before, Buffer.from(token, 'latin1'), after]);
  }
  if (kind === 4) return Buffer.concat([before, Buffer.from(part.map(() => random.integer(256))), after]);
  const flipped = Buffer.from(bytes);
  if (at < flipped.length) flipped[at]! ^= 1 << random.integer(8);
  return flipped;
}
