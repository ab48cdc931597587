import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_KEYS } from '../src/runs/config';
import { readConfigFile } from '../src/files/configFile';
import { readSettings } from '../cli/arguments/settingFlags';
import { parseIdx } from '../src/data/formats/idx';
import { HandgradError } from '../src/errors';
import { decodeCheckpoint } from '../src/runs/checkpoint';
import { decodeSafetensors } from '../src/model/safetensors';
import { idxBytes } from './data/tinyDataset';

// Whatever the bytes: a reader gives a value or refuses in one sentence, soon, in bounded memory, and leaves
// every prototype as it was. Inputs are random ones and valid ones that were damaged, so that the inner
// parts are reached as well.

const SECONDS = 1;
const MEGABYTES = 64;

/** Runs a reader on one input and checks all of that. */
async function survives(read: () => unknown, kind: HandgradError['kind']): Promise<void> {
  const memory = process.memoryUsage();
  const began = performance.now();
  try {
    await read();
  } catch (error) {
    if (!(error instanceof HandgradError)) throw error;
    expect(error.kind).to.equal(kind);
    expect(error.message)
      .to.match(/[.?]$/)
      .and.not.match(/[^\P{Cc}\n]/u);
    expect(error.message.length).to.be.below(2000);
  }
  expect((performance.now() - began) / 1000).to.be.below(SECONDS);
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  const grown = arrayBuffers - memory.arrayBuffers + Math.max(0, heapUsed - memory.heapUsed);
  expect(grown / 1e6).to.be.below(MEGABYTES);
  expect(Object.keys(Object.prototype).concat(Object.keys(Array.prototype))).to.deep.equal([]);
}

/** A valid input with some bytes overwritten, some taken out and perhaps a tail cut off. */
const damaged = (valid: Uint8Array) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(valid.length),
      fc.option(fc.tuple(fc.nat(valid.length), fc.nat(40))),
    )
    .map(([changes, cut, gap]) => {
      const bytes = Buffer.from(valid);
      for (const [at, value] of changes) bytes[at] = value;
      const kept = cut % 3 === 0 ? bytes.subarray(0, cut) : bytes;
      return gap ? Buffer.concat([kept.subarray(0, gap[0]), kept.subarray(gap[0] + gap[1])]) : kept;
    });

const bytesLike = (valid: Uint8Array) => fc.oneof(damaged(valid), fc.uint8Array({ maxLength: 400 }));

describe('no input breaks a reader', function () {
  this.timeout(60_000);
  const runs = { numRuns: 400 };

  it('F26 IDX', () =>
    fc.assert(
      fc.asyncProperty(bytesLike(idxBytes([3, 4, 5], new Uint8Array(60))), (bytes) =>
        survives(() => parseIdx(Buffer.from(bytes), 'file'), 'data'),
      ),
      runs,
    ));

  it('F26 IDX headers of any dimensions', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2 ** 32 - 1), { maxLength: 300 }), fc.nat(255), (dims, type) =>
        survives(() => parseIdx(idxBytes(dims, new Uint8Array(9), type), 'file'), 'data'),
      ),
      runs,
    ));

  it('F70 a checkpoint’s tensors and metadata', () => {
    const header =
      '{"__metadata__":{"handgrad_checkpoint":"1","handgrad_format":"1","config":"{}","run":"{}",' +
      '"state":"{\\"epoch\\":1}"},"W1":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}';
    const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.alloc(4)]);
    bytes.writeBigUInt64LE(BigInt(header.length));
    return fc.assert(
      fc.asyncProperty(bytesLike(bytes), (damagedBytes) =>
        survives(() => decodeCheckpoint(decodeSafetensors(damagedBytes, 'file'), 'file'), 'model'),
      ),
      runs,
    );
  });

  describe('config files', () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), 'handgrad-fuzz-'))));
    after(() => rmSync(folder, { recursive: true }));
    const keys = fc.constantFrom('__proto__', 'constructor', 'toString', ...CONFIG_KEYS);
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom(
        '*a',
        '&a [1]',
        '!!js/function x',
        '!!binary AA',
        '{<<: *a}',
        '.nan',
        '.inf',
        '0x10',
        '1e999',
        '~',
        '? x',
      ),
    );
    const text = fc
      .array(fc.tuple(keys, value), { maxLength: 8 })
      .map((rows) =>
        rows.map(([key, one]) => `${key}: ${typeof one === 'string' ? one : JSON.stringify(one)}`).join('\n'),
      );
    const valid = Buffer.from('lr: 0.1\nhidden: [64, 32]\nbase: &a {seed: 1}\nepochs: 3\n');
    const contents = fc.oneof(
      text.map((one) => Buffer.from(one)),
      bytesLike(valid),
    );

    it('F42 read and resolved', () =>
      fc.assert(
        fc.asyncProperty(contents, async (bytes) => {
          const file = join(folder, 'config.yaml');
          writeFileSync(file, bytes);
          await survives(() => readConfigFile(file), 'usage');
          await survives(() => readSettings(CONFIG_KEYS, {}, [file], {}), 'usage');
        }),
        { numRuns: 300 },
      ));

    it('F41 any text for any flag', () =>
      fc.assert(
        fc.asyncProperty(
          fc.constantFrom('lr', 'epochs', 'hidden', 'seed', 'checkpoint-every', 'on-nan', 'optimizer'),
          fc.string(),
          (flag, given) => survives(() => readSettings(CONFIG_KEYS, { [flag]: given }, [], {}), 'usage'),
        ),
        { numRuns: 500 },
      ));
  });
});
