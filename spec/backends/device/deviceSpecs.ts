import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { BackendName } from '../../../src/backends';
import type { DeviceBackend } from '../../../src/backends/device/deviceBackend';

const backendNow = () => tf.backend() as DeviceBackend;

/** Bytes of the device's memory that tensors have, with or without idle blocks. */
const usedBytes = () => backendNow().pool.bytes.used;

/**
 * What tensors on one of the two backends of src/backends/device are like,
 * in the surrounding suite, which has made it current.
 */
export function tensorsOnADevice(backend: BackendName): void {
  beforeEach(() => tf.setBackend(backend));
  let before: { tensors: number; bytes: number };
  beforeEach(() => (before = { tensors: tf.memory().numTensors, bytes: usedBytes() }));
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') return;
    await tf.setBackend(backend);
    expect(tf.memory().numTensors, 'tensors left behind').to.equal(before.tensors);
    expect(usedBytes(), 'memory left behind').to.equal(before.bytes);
  });

  it('keep their numbers, in every type', async () => {
    const numbers = { float32: [1.5, -0, NaN, -Infinity, 1e-42], int32: [-(2 ** 31), 2 ** 31 - 1, 0], bool: [1, 0, 1] };
    const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
    for (const [dtype, values] of Object.entries(numbers)) {
      const x = tf.tensor1d(values, dtype as 'float32');
      const rounded = values.map((value) => (dtype === 'float32' ? Math.fround(value) : value));
      expect(Array.from(x.dataSync()), dtype).to.deep.equal(rounded);
      expect(Array.from(await x.data()), dtype).to.deep.equal(Array.from(x.dataSync()));
      expect(x.dataSync().constructor).to.equal(arrays[dtype as keyof typeof arrays]);
      x.dispose();
    }
  });

  it('have a copy of the array that they were made of, and give copies away', () => {
    for (const size of [1, 3, 5000, 2_000_000]) {
      const given = new Float32Array(size).fill(7);
      const x = tf.tensor1d(given);
      const doubled = tf.add(x, x);
      given.fill(9);
      const taken = x.dataSync();
      expect([taken[0], taken.at(-1)], `${size}`).to.deep.equal([7, 7]);
      taken.fill(3);
      const again = x.dataSync();
      expect([again[0], again.at(-1)]).to.deep.equal([7, 7]);
      expect(doubled.dataSync().at(-1)).to.equal(14);
      tf.dispose([x, doubled]);
    }
  });

  it('of other types are refused by the name of the type', () => {
    expect(() => tf.tensor1d(['a'])).to.throw(/no tensors of type string/);
    expect(() => tf.complex([1], [0])).to.throw(/Complex/);
  });

  it('without numbers go through everything', () => {
    const shapesOf = (results: tf.Tensor[]) => results.map((x) => x.shape.join('x'));
    tf.tidy(() => {
      const none = tf.zeros([0, 5]);
      const results = [
        tf.add(none, 1),
        tf.mul(none, 2),
        tf.add(tf.mul(none, 2), none),
        tf.sub(none, tf.ones([5])),
        tf.matMul(none, tf.ones([5, 3])),
        tf.relu(none),
        tf.cast(none, 'int32'),
        tf.transpose(none),
        tf.sum(none, 1),
        tf.argMax(none, 1),
        tf.slice(tf.ones([4, 5]), [2, 0], [0, 5]),
        tf.gather(tf.ones([4, 5]), tf.tensor1d([], 'int32')),
        tf.oneHot(tf.tensor1d([], 'int32'), 3),
        tf.where(tf.zeros([0, 5], 'bool'), none, none),
        tf.reverse(none, 0),
      ];
      expect(shapesOf(results)).to.deep.equal('0x5 0x5 0x5 0x5 0x3 0x5 0x5 5x0 0 0 0x5 0x5 0x3 0x5 0x5'.split(' '));
      for (const result of results) expect(result.dataSync()).to.have.length(0);
      expect([...tf.sum(none).dataSync()]).to.deep.equal([0]);
      expect([...tf.concat([none, tf.ones([1, 5])]).dataSync()]).to.deep.equal([1, 1, 1, 1, 1]);
      expect([...tf.matMul(tf.ones([2, 0]), tf.ones([0, 2])).dataSync()], 'sums of nothing').to.deep.equal([
        0, 0, 0, 0,
      ]);
    });
  });

  it('are moved from another backend when a kernel needs them, and back, as are those that share data', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const same = tf.reshape(x, [6]);
    const number = tf.scalar(10);
    await tf.setBackend(backend);
    const sum = tf.add(x, number);
    expect([...sum.dataSync()]).to.deep.equal([11, 12, 13, 14, 15, 16]);
    const twice = tf.add(same, same);
    expect([...twice.dataSync()]).to.deep.equal([2, 4, 6, 8, 10, 12]);
    await tf.setBackend('cpu');
    const back = tf.tidy(() => tf.mul(tf.reshape(sum, [6]), same));
    expect([...back.dataSync()]).to.deep.equal([11, 24, 39, 56, 75, 96]);
    x.dispose();
    expect([...same.dataSync()], 'the other owner is gone').to.deep.equal([1, 2, 3, 4, 5, 6]);
    tf.dispose([same, number, sum, twice, back]);
  });

  it('are read rightly while a full queue waits, as often as one likes', async () => {
    let x = tf.ones([300, 300]);
    const seen: Promise<ArrayLike<number>>[] = [];
    for (let i = 0; i < 1000; i++) {
      const next = tf.tidy(() => tf.add(tf.mul(x, 2), tf.neg(x))); // x again, by three kernels
      x.dispose();
      x = next;
      if (i % 100 === 0) seen.push(x.data());
      if (i % 90 === 0) expect(x.dataSync()[i]).to.equal(1);
    }
    for (const values of await Promise.all(seen)) expect([values[0], values[89_999]]).to.deep.equal([1, 1]);
    x.dispose();
  });

  it('that are written, used and freed in turn never see what is written later', () => {
    // Each is larger than what kernels take as a number, and its memory is given to the next at once.
    const sums: tf.Tensor[] = [];
    for (let i = 0; i < 500; i++) {
      const x = tf.tensor1d(new Float32Array(1000).fill(i));
      sums.push(tf.sum(x));
      x.dispose();
    }
    sums.forEach((sum, i) => expect(sum.dataSync()[0]).to.equal(1000 * i));
    tf.dispose(sums);
  });

  it('small and many: their memory is used again', () => {
    const make = () => {
      const all = Array.from({ length: 5000 }, (_, i) => tf.add(tf.fill([1 + (i % 9)], i), 1));
      expect(all[4999]!.dataSync()[0]).to.equal(5000);
      tf.dispose(all);
      return backendNow().pool.bytes.idle + usedBytes();
    };
    const first = tf.tidy(make);
    expect(tf.tidy(make)).to.equal(first);
  });

  it('of one number are numbers to kernels, whoever reads them', () => {
    const [three, x] = [tf.scalar(3), tf.tensor2d([1, 2, 3, 4], [2, 2])];
    tf.tidy(() => {
      expect([...tf.sub(three, x).dataSync()]).to.deep.equal([2, 1, 0, -1]);
      expect([...tf.matMul(x, tf.mul(x, three)).dataSync()]).to.deep.equal([21, 30, 45, 66]);
      expect(tf.add(three, three).dataSync()[0]).to.equal(6);
      expect([...tf.concat([tf.reshape(three, [1]), tf.tensor1d([4])]).dataSync()]).to.deep.equal([3, 4]);
      expect([...tf.tile(tf.reshape(three, [1, 1]), [2, 2]).dataSync()]).to.deep.equal([3, 3, 3, 3]);
    });
    tf.dispose([three, x]);
  });

  it('larger than kernels can count are out of memory', () => {
    expect(() => tf.zeros([65_536, 65_536]))
      .to.throw(/4294967296 numbers/)
      .with.property('name', 'OutOfDeviceMemory');
  });

  it('that no kernel can take are refused, by the name of the kernel', () => {
    tf.tidy(() => {
      expect(() => tf.cumsum(tf.ones([3]))).to.throw(
        new RegExp(`Kernel 'Cumsum' not registered for backend '${backend}'`),
      );
      expect(() => tf.exp(tf.zeros([2], 'bool'))).to.throw(/no kernel exp for tensors of type bool/);
      expect(() => backendNow().kernel('whatever')).to.throw('There is no kernel whatever.');
    });
  });
}
