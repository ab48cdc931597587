import { expect } from 'chai';
import { parseIdx } from '../../../src/data/formats/idx';
import { failure } from '../../failure';
import { idxBytes } from '../tinyDataset';

const parse = (bytes: Uint8Array) => () => parseIdx(bytes, 'some-file');

describe('parseIdx', () => {
  it('reads shape and elements, without copying them', () => {
    const bytes = idxBytes([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6));
    const { shape, data } = parseIdx(bytes, 'x');
    expect(shape).to.deep.equal([2, 3]);
    expect([...data]).to.deep.equal([1, 2, 3, 4, 5, 6]);
    bytes[12] = 99;
    expect(data[0]).to.equal(99);
  });

  it('reads dimensions as big-endian, also from the middle of a buffer', () => {
    const padded = Buffer.concat([Buffer.alloc(3), idxBytes([258], new Uint8Array(258).fill(7))]);
    expect(parseIdx(padded.subarray(3), 'x').shape).to.deep.equal([258]);
  });

  it('F26 wrong magic: refused with the bytes found', async () => {
    expect(await failure('data', parse(Buffer.from('<!DOCTYPE html>')))).to.contain('3c 21 44 4f');
    expect(await failure('data', parse(Buffer.from([0, 1, 8, 1, 0, 0, 0, 1, 5])))).to.contain('00 01 08 01');
  });

  it('F26 wrong type: refused with the type found', async () => {
    expect(await failure('data', parse(idxBytes([1], new Uint8Array(4), 0x0d)))).to.contain('32-bit floats');
    expect(await failure('data', parse(idxBytes([1], new Uint8Array(1), 0x7f)))).to.contain('unknown type 0x7f');
  });

  it('F26 dimensions of 2^32-1: refused before anything is allocated', async () => {
    const before = process.memoryUsage();
    const most = 2 ** 32 - 1;
    const found = await failure('data', parse(idxBytes([most, most, most, most], new Uint8Array(10))));
    expect(found).to.contain('[4294967295, 4294967295, 4294967295, 4294967295]').and.to.contain('holds 30');
    // The product wraps to 0 in 32 bits: 65536 · 65536.
    expect(await failure('data', parse(idxBytes([65536, 65536], new Uint8Array(0))))).to.contain('4294967308 bytes');
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).to.be.lessThan(1e6);
  });

  it('F26 zero dimensions: refused, as no dimension and as a dimension of zero', async () => {
    expect(await failure('data', parse(idxBytes([], new Uint8Array(1))))).to.contain('0 dimensions');
    expect(await failure('data', parse(idxBytes([0, 28, 28], new Uint8Array(0))))).to.contain('[0, 28, 28]');
    expect(await failure('data', parse(idxBytes(Array<number>(255).fill(1), new Uint8Array(1))))).to.contain('255');
  });

  it('F26 short and long bodies, at every length', async () => {
    const good = idxBytes([2, 3], new Uint8Array(6));
    for (let length = 0; length < good.length; length++) {
      await failure('data', parse(good.subarray(0, length)));
    }
    const long = await failure('data', parse(Buffer.concat([good, Buffer.alloc(1)])));
    expect(long).to.contain('takes 18 bytes, but holds 19');
  });
});
