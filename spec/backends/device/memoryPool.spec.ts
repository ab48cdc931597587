import { expect } from 'chai';
import fc from 'fast-check';
import { type Address, OutOfDeviceMemory } from '../../../src/backends/device/device';
import { blockSize, MemoryPool } from '../../../src/backends/device/memoryPool';

const MB = 2 ** 20;
const RUNS = { numRuns: 300, seed: 20_261_126 };

/** A device of so many bytes that keeps book of its blocks. */
function smallDevice(bytes = Infinity) {
  const blocks = new Map<Address, number>();
  let next = 256;
  const held = () => [...blocks.values()].reduce((sum, size) => sum + size, 0);
  return {
    held,
    requests: 0,
    allocate(size: number): Address {
      this.requests++;
      if (held() + size > bytes) throw new OutOfDeviceMemory(`no memory for ${size} bytes`);
      blocks.set((next += 2 ** 32), size);
      return next;
    },
    release(address: Address): void {
      if (!blocks.delete(address)) throw new Error(`${address} is no block`);
    },
    sizeOf: (address: Address) => blocks.get(address),
  };
}

describe('blockSize', () => {
  it('is at least what was asked for, at most an eighth more, and a size of its own', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (bytes) => {
        const size = blockSize(bytes);
        expect(size)
          .to.be.at.least(bytes)
          .and.at.most(Math.max(256, bytes * 1.125));
        expect(blockSize(size), 'a block of a block').to.equal(size);
      }),
      RUNS,
    );
  });

  it('grows with what is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 20 }), (bytes, more) => {
        expect(blockSize(bytes + more)).to.be.at.least(blockSize(bytes));
      }),
      RUNS,
    );
  });
});

describe('MemoryPool', () => {
  it('gives a freed block to the next tensor of its size, without asking the device', () => {
    const device = smallDevice();
    const pool = new MemoryPool(device);
    const first = pool.allocate(1000);
    expect(device.sizeOf(first)).to.equal(blockSize(1000));
    pool.free(first, 1000);
    expect(pool.bytes).to.deep.equal({ used: 0, idle: blockSize(1000) });
    expect(pool.allocate(999)).to.equal(first);
    expect(pool.allocate(999)).to.not.equal(first);
    expect(device.requests).to.equal(2);
    expect(pool.bytes).to.deep.equal({ used: 2 * blockSize(1000), idle: 0 });
  });

  it('never gives one block to two, and knows what is in use, whatever comes and goes', () => {
    const ask = fc.oneof(
      fc.record({ bytes: fc.integer({ min: 1, max: 40 * MB }) }),
      fc.record({ free: fc.nat({ max: 100 }) }),
    );
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 60 }), (asks) => {
        const device = smallDevice();
        const pool = new MemoryPool(device);
        const live: { address: Address; bytes: number }[] = [];
        for (const one of asks) {
          if ('bytes' in one) live.push({ address: pool.allocate(one.bytes), bytes: one.bytes });
          else if (live.length > 0) {
            const [{ address, bytes }] = live.splice(one.free % live.length, 1) as [(typeof live)[number]];
            pool.free(address, bytes);
          }
          const used = live.reduce((sum, { bytes }) => sum + blockSize(bytes), 0);
          expect(new Set(live.map(({ address }) => address)).size).to.equal(live.length);
          for (const { address, bytes } of live) expect(device.sizeOf(address)).to.be.at.least(bytes);
          expect(pool.bytes.used).to.equal(used);
          expect(device.held()).to.equal(used + pool.bytes.idle);
          expect(pool.bytes.idle, 'idle memory is bounded').to.be.at.most(Math.max(64 * MB, used));
        }
      }),
      RUNS,
    );
  });

  it('gives idle blocks back when they are more than what is in use, and when it is told to', () => {
    const device = smallDevice();
    const pool = new MemoryPool(device);
    const blocks = Array.from({ length: 10 }, () => pool.allocate(8 * MB));
    for (const address of blocks) pool.free(address, 8 * MB);
    expect(device.held()).to.be.at.most(64 * MB);
    pool.releaseIdle();
    expect(device.held()).to.equal(0);
    expect(pool.bytes).to.deep.equal({ used: 0, idle: 0 });
  });

  it('gives idle blocks back and asks again where the device is full', () => {
    const device = smallDevice(10 * MB);
    const pool = new MemoryPool(device);
    const blocks = Array.from({ length: 10 }, () => pool.allocate(MB));
    for (const address of blocks) pool.free(address, MB);
    expect(device.held()).to.equal(10 * MB);
    expect(device.sizeOf(pool.allocate(9 * MB))).to.equal(9 * MB);
  });

  it('says that the device is full where that does not help, and can be used afterwards', () => {
    const device = smallDevice(10 * MB);
    const pool = new MemoryPool(device);
    const kept = pool.allocate(6 * MB);
    expect(() => pool.allocate(6 * MB)).to.throw(OutOfDeviceMemory, 'no memory for 6291456 bytes');
    expect(pool.bytes).to.deep.equal({ used: 6 * MB, idle: 0 });
    pool.free(kept, 6 * MB);
    expect(device.sizeOf(pool.allocate(7 * MB))).to.equal(7 * MB);
  });

  it('passes every other error on', () => {
    const pool = new MemoryPool({
      allocate: () => {
        throw new Error('the GPU is lost');
      },
      release: () => {},
    });
    expect(() => pool.allocate(1)).to.throw('the GPU is lost');
    expect(pool.bytes.used).to.equal(0);
  });
});
