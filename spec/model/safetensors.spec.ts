import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HandgradError } from '../../src/errors';
import { decodeSafetensors, encodeSafetensors, readSafetensors, type NamedTensor } from '../../src/model/safetensors';
import { file, MALFORMED, ODD_BUT_VALID } from './malformed';

const f32 = (name: string, shape: number[], ...values: number[]): NamedTensor => ({
  name,
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

/** What `decodeSafetensors` says to these bytes, which have to be refused. */
function refusal(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, 'some/file.safetensors');
  } catch (error) {
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind).to.equal('model');
    return (error as HandgradError).message;
  }
  throw new Error('the file was accepted');
}

describe('the safetensors reader', () => {
  for (const { rule, bytes, says } of MALFORMED) {
    it(`${rule}: refused`, () => {
      const message = refusal(bytes);
      expect(message).to.match(says);
      expect(message).to.match(/^some\/file\.safetensors is not a valid safetensors file: .*\.$/);
    });
  }

  for (const [name, bytes] of Object.entries(ODD_BUT_VALID)) {
    it(`reads ${name}`, () => {
      expect(decodeSafetensors(bytes).tensors).to.be.instanceOf(Map);
    });
  }

  it('F72 more tensors than any model has: given up at a million values, not parsed to the end', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`);
    expect(refusal(file(`{${many.join()}}`))).to.match(/holds more than 1000000 values/);
  });

  it('F72 a header of the full 100,000,000 bytes is refused where it goes wrong', () => {
    const header = Buffer.alloc(100_000_000, '{"":0,');
    expect(refusal(file(header))).to.match(/has a key|lacks|tensor|twice/);
  });

  it('F71 tensors and metadata keys named like parts of Object pollute nothing', () => {
    const bytes = file(
      '{"__metadata__":{"__proto__":"x","constructor":"y"},' +
        '"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' +
        '"toString":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      new Uint8Array(Float32Array.of(1, 2).buffer),
    );
    const { tensors, metadata } = decodeSafetensors(bytes);
    expect([...tensors.keys()]).to.deep.equal(['__proto__', 'toString']);
    expect(tensors.get('__proto__')?.data).to.deep.equal(Float32Array.of(1));
    expect(Object.entries(metadata)).to.deep.equal([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(({} as Record<string, unknown>)['dtype']).to.equal(undefined);
    expect(Object.getPrototypeOf({})).to.equal(Object.prototype);
  });

  it('a message shows no character that a terminal would obey', () => {
    const name = '\\u001b[2J\u009b2J\u202e';
    const message = refusal(file(`{"${name}":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}`, 'xxxxx'));
    expect(message).to.not.match(/\p{C}/u);
    expect(message).to.include('\\u{9b}2J');
  });

  it('copies the data out, from a Buffer in a pool too', () => {
    const bytes = Buffer.from(encodeSafetensors([f32('a', [2], 1, 2)], {}));
    const { data } = decodeSafetensors(bytes).tensors.get('a')!;
    bytes.fill(0xff);
    expect(data).to.deep.equal(Float32Array.of(1, 2));
  });

  it('reads floats that lie at a byte no Float32Array may begin at', () => {
    const header =
      '{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
    const { tensors } = decodeSafetensors(file(header, Buffer.from([9, 0, 0, 0xc0, 0x3f])));
    expect(tensors.get('f')?.data).to.deep.equal(Float32Array.of(1.5));
  });

  it('any bytes flipped: read, or refused in one sentence, and nothing polluted', () => {
    const valid = encodeSafetensors([f32('W1', [2, 1], 1, 2), f32('b1', [1], 3)], { config: '{"lr":0.1}' });
    const headerEnd = 8 + Number(new DataView(valid.buffer).getBigUint64(0, true));
    const prototype = Object.getOwnPropertyNames(Object.prototype);
    const flips = fc.array(fc.tuple(fc.nat({ max: headerEnd - 1 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = valid.slice();
        for (const [at, mask] of changes) bytes[at]! ^= mask;
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(HandgradError);
        }
        expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(prototype);
      }),
      { numRuns: 2000 },
    );
  });

  it('any JSON for a header: read, or refused in one sentence', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (header) => {
        try {
          decodeSafetensors(file(JSON.stringify(header)));
        } catch (error) {
          expect(error).to.be.instanceOf(HandgradError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the safetensors writer', () => {
  const tensor = fc
    .tuple(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
      fc.constantFrom('F32' as const, 'F64' as const, 'I64' as const, 'U8' as const),
      fc.infiniteStream(fc.float()),
    )
    .map(([name, shape, dtype, values]): NamedTensor => {
      const count = shape.reduce((product, width) => product * width, 1);
      const numbers = [...values.take(count)];
      const integers = numbers.map((value) => (Number.isFinite(value) ? Math.trunc(value) : 0));
      const data = {
        F32: () => Float32Array.from(numbers),
        F64: () => Float64Array.from(numbers),
        I64: () => BigInt64Array.from(integers, BigInt),
        U8: () => Uint8Array.from(integers),
      }[dtype]();
      return { name, dtype, shape, data };
    });
  const tensors = fc
    .uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 5 })
    .filter((list) => list.every(({ name }) => name !== '__metadata__'));
  const metadata = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 4 });

  it('what it writes is read back the same', () => {
    fc.assert(
      fc.property(tensors, metadata, (list, notes) => {
        const read = decodeSafetensors(encodeSafetensors(list, notes));
        expect(read.tensors.size).to.equal(list.length);
        for (const written of list) expect(read.tensors.get(written.name)).to.deep.equal(written);
        expect(Object.entries(read.metadata).sort()).to.deep.equal(Object.entries(notes).sort());
      }),
    );
  });

  it('begins every tensor where its type may begin, after a header of whole eights', () => {
    fc.assert(
      fc.property(tensors, metadata, (list, notes) => {
        const bytes = encodeSafetensors(list, notes);
        const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        expect(length % 8).to.equal(0);
        const text = Buffer.from(bytes.subarray(8, 8 + length)).toString();
        const header = JSON.parse(text) as Record<string, { data_offsets: number[] }>;
        for (const { name, data } of list) expect(header[name]!.data_offsets[0]! % data.BYTES_PER_ELEMENT).to.equal(0);
      }),
    );
  });

  it('gives these very bytes', () => {
    const bytes = encodeSafetensors([f32('W1', [1, 2], 1, -2), f32('b1', [2], 0, 0.5)], { z: '1', a: '"' });
    const header =
      '{"__metadata__":{"a":"\\"","z":"1"},"W1":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
      '"b1":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const body = Buffer.from('0000803f000000c0000000000000003f', 'hex');
    expect(Buffer.from(bytes)).to.deep.equal(Buffer.from(file(padded, body)));
    expect(encodeSafetensors([f32('W1', [1, 2], 1, -2), f32('b1', [2], 0, 0.5)], { a: '"', z: '1' })).to.deep.equal(
      bytes,
    );
  });

  const unreadable: Record<string, [NamedTensor[], Record<string, string>]> = {
    'two equal names': [[f32('a', [1], 1), f32('a', [1], 2)], {}],
    'a shape that does not fit': [[f32('a', [2], 1)], {}],
    'a width that is no integer': [[f32('a', [0.5, 2], 1)], {}],
    'a tensor named __metadata__': [[f32('__metadata__', [1], 1)], { k: 'v' }],
    'half of a surrogate pair in a name': [[f32('\ud800', [1], 1)], {}],
  };
  for (const [name, [list, notes]] of Object.entries(unreadable)) {
    it(`refuses ${name}`, () => {
      expect(() => encodeSafetensors(list, notes)).to.throw(HandgradError, /the file to be written/);
    });
  }
});

describe('reading a safetensors file from disk', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'handgrad-'));
  });
  after(() => rm(folder, { recursive: true }));

  const failure = async (path: string): Promise<string> => {
    const error = await readSafetensors(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind).to.equal('model');
    return (error as HandgradError).message;
  };

  it('gives what decoding the same bytes gives', async () => {
    const path = join(folder, 'odd.safetensors');
    for (const bytes of Object.values(ODD_BUT_VALID)) {
      await writeFile(path, bytes);
      expect(await readSafetensors(path)).to.deep.equal(decodeSafetensors(bytes));
    }
  });

  it('refuses what decoding the same bytes refuses, in the same words', async () => {
    const path = join(folder, 'bad.safetensors');
    for (const { bytes } of MALFORMED) {
      await writeFile(path, bytes);
      expect(await failure(path)).to.equal(refusal(bytes).replace('some/file.safetensors', path));
    }
  });

  it('F72 looks at the length of a huge file before it reads it', async () => {
    // Sparse: these take no room on the disk, and reading them would take all of the memory.
    for (const [length, says] of [
      [2 ** 30, /there is data after its last tensor/],
      [2 ** 43, /has 8796093022208 bytes; handgrad reads models of up to/],
    ] as const) {
      const path = join(folder, 'sparse.safetensors');
      const handle = await open(path, 'w');
      await handle.writeFile(file('{}'));
      await handle.truncate(length);
      await handle.close();
      expect(await failure(path)).to.match(says);
      await rm(path);
    }
  });

  it('says what is wrong with a path', async () => {
    expect(await failure(join(folder, 'absent.safetensors'))).to.match(
      /absent\.safetensors cannot be read: there is no such/,
    );
    expect(await failure(folder)).to.match(/is not a file; give a \.safetensors file/);
  });
});
