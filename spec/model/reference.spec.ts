import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HandgradError } from '../../src/errors';
import { loadModel, saveModel } from '../../src/model/modelFile';
import { decodeSafetensors, encodeSafetensors } from '../../src/model/safetensors';
import { need } from '../need';
import { MALFORMED, ODD_BUT_VALID } from './malformed';
import { askPython, pythonLacks } from './python';

/** A tensor as reference.py shows it: name, dtype, shape, bytes in hex. Or, as a string, why the file was refused. */
type Verdict = readonly (readonly [string, string, readonly number[], string])[] | string;

const hex = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');

function ourVerdict(bytes: Uint8Array): Verdict {
  try {
    const { tensors } = decodeSafetensors(bytes);
    return [...tensors.values()].map(({ name, dtype, shape, data }) => [name, dtype, shape, hex(data)] as const);
  } catch (error) {
    expect(error).to.be.instanceOf(HandgradError);
    return (error as HandgradError).message;
  }
}

/** The reference gives tensors in the order of a hash map. */
const sorted = (verdict: Verdict) =>
  typeof verdict === 'string' ? 'refused' : verdict.toSorted(([a], [b]) => (a < b ? -1 : 1));

const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i / 8 - 1);
const network = (...shapes: [string, number[]][]) =>
  shapes.map(([name, shape]) => ({ name, shape, data: ramp(shape.reduce((a, b) => a * b)) }));

describe('F74 the fixtures that the reference implementation wrote', () => {
  it('are read with every type', async () => {
    const bytes = await readFile(join(__dirname, 'fixtures', 'types.safetensors'));
    const { tensors, metadata } = decodeSafetensors(bytes);
    const data = Object.fromEntries([...tensors].map(([name, tensor]) => [name, tensor.data]));
    expect(data['BOOL']).to.deep.equal(Uint8Array.of(1, 0, 1));
    expect(data['U8']).to.deep.equal(Uint8Array.of(0, 255));
    expect(data['I8']).to.deep.equal(Int8Array.of(-128, 127));
    expect(data['I16']).to.deep.equal(Int16Array.of(-32768, 32767));
    expect(data['I32']).to.deep.equal(Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
    expect(data['I64']).to.deep.equal(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
    expect(data['F16']).to.deep.equal(Uint8Array.of(0x00, 0x3c));
    expect(data['BF16']).to.deep.equal(Uint8Array.of(0x80, 0x3f));
    expect(data['F8_E4M3']).to.deep.equal(Uint8Array.of(0x38));
    expect(data['F64']).to.deep.equal(Float64Array.of(0.1));
    expect(new Float32Array((data['C64'] as Uint8Array).buffer)).to.deep.equal(Float32Array.of(1, 2));
    expect(data['größe 🧮']).to.deep.equal(Float32Array.of(0.5));
    expect(tensors.get('größe 🧮')?.shape).to.deep.equal([]);
    expect(tensors.get('empty')).to.include({ dtype: 'F32' });
    expect(tensors.get('empty')?.shape).to.deep.equal([0, 5]);
    expect(tensors.get('__proto__')?.data).to.deep.equal(Float32Array.of(7));
    expect(tensors.size).to.equal(14);
    expect(metadata['note']).to.equal('quotes " and \\ and \n and é');
    expect(metadata['__proto__']).to.equal('a key like any other');
  });
});

describe('F74 side by side with the reference implementation', () => {
  let folder = '';
  let program = '';
  before(async function () {
    need(this, pythonLacks('safetensors', 'numpy'));
    folder = await mkdtemp(join(tmpdir(), 'handgrad-'));
    program = await readFile(join(__dirname, 'reference.py'), 'utf8');
  });
  after(() => (folder === '' ? undefined : rm(folder, { recursive: true })));

  const judge = async (files: readonly Uint8Array[]): Promise<readonly Verdict[]> => {
    const corpus = join(folder, 'corpus');
    const parts = files.flatMap((bytes) => [Buffer.from(BigUint64Array.of(BigInt(bytes.length)).buffer), bytes]);
    await writeFile(corpus, Buffer.concat(parts));
    return askPython(program, 'judge', corpus) as readonly Verdict[];
  };

  it('it refuses what we refuse, but for the rules marked as stricter', async () => {
    const verdicts = await judge(MALFORMED.map(({ bytes }) => bytes));
    const found = MALFORMED.map(({ rule }, i) => [rule, typeof verdicts[i] === 'string' ? 'refuses' : 'accepts']);
    expect(found).to.deep.equal(MALFORMED.map(({ rule, reference }) => [rule, reference]));
  });

  it('it reads the same tensors from files that are odd and valid', async () => {
    const files = Object.values(ODD_BUT_VALID);
    const verdicts = await judge(files);
    files.forEach((bytes, i) => {
      expect(typeof verdicts[i], Object.keys(ODD_BUT_VALID)[i]).to.equal('object');
      expect(sorted(ourVerdict(bytes))).to.deep.equal(sorted(verdicts[i]!));
    });
  });

  it('on thousands of damaged files it agrees, or we name a rule of ours', async () => {
    const valid = encodeSafetensors(
      [...network(['W1', [2, 2]], ['b1', [2]]), { name: 'n', shape: [2], data: Uint8Array.of(1, 2) }].map((tensor) => ({
        ...tensor,
        dtype: tensor.data instanceof Float32Array ? 'F32' : 'U8',
      })),
      { config: '{"lr":0.1}', k: 'v' },
    );
    const headerEnd = 8 + Number(new DataView(valid.buffer).getBigUint64(0, true));
    // Bytes that JSON is made of hit deeper than random ones.
    const byte = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('0123456789 {}[]",:\\ue.-bdWnF_')));
    const edits = fc.array(fc.tuple(fc.integer({ min: 0, max: headerEnd - 1 }), byte), { minLength: 1, maxLength: 3 });
    const files = fc.sample(edits, { numRuns: 5000, seed: 74 }).map((changes) => {
      const bytes = valid.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });

    const STRICTER =
      /twice|above 2\^53|objects, arrays, strings and unsigned|does not begin with|described by an object/;
    let accepted = 0;
    const verdicts = await judge(files);
    files.forEach((bytes, i) => {
      const ours = ourVerdict(bytes);
      if (typeof ours === 'string' && STRICTER.test(ours)) return;
      expect(sorted(ours), Buffer.from(bytes).toString('latin1')).to.deep.equal(sorted(verdicts[i]!));
      if (typeof ours !== 'string') accepted++;
    });
    // The comparison is worth something only when some of the files are still valid.
    expect(accepted).to.be.within(100, files.length - 100);
  });

  it('it reads a model that we saved, with its metadata', async () => {
    const path = join(folder, 'ours.safetensors');
    const parameters = network(['W1', [3, 4]], ['b1', [4]], ['W2', [4, 2]], ['b2', [2]]);
    await saveModel(path, { parameters, config: { lr: 0.1, name: 'größe "x"' } });
    expect(askPython(program, 'read', path)).to.deep.equal({
      metadata: { handgrad_format: '1', config: '{"lr":0.1,"name":"größe \\"x\\""}' },
      tensors: Object.fromEntries(parameters.map(({ name, shape, data }) => [name, ['float32', shape, hex(data)]])),
    });
  });

  it('we load a model that it saved', async () => {
    const path = join(folder, 'theirs.safetensors');
    askPython(program, 'write', path);
    expect(await loadModel(path)).to.deep.equal({
      parameters: network(['W1', [3, 4]], ['b1', [4]], ['W2', [4, 2]], ['b2', [2]]),
      config: undefined,
    });
  });
});
