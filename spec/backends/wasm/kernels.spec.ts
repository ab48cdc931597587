import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { expect } from 'chai';
import { selectBackend } from '../../../src/backends';
import { transposeFirst } from '../../../src/backends/wasm/kernels';
import { adam } from '../../../src/optim/adam';
import { createRandom } from '../../../src/random';
import { useBackend } from '../../backend';
import { runInChild } from '../child';

type Values = { values: Float32Array; shape: number[] };

describe('the kernels that the wasm backend has instead of its own', () => {
  useBackend('wasm');

  it('stand in the registry, once, however often the backend is selected', async () => {
    const code = `const tf = require('@tensorflow/tfjs-core');
      require('@tensorflow/tfjs-backend-wasm');
      const { selectBackend } = require('./src/backends');
      const names = ['BatchMatMul', 'Sum', 'Maximum', 'Add'];
      const kernels = () => names.map((name) => tf.getKernel(name, 'wasm').kernelFunc);
      (async () => {
        const own = kernels();
        await selectBackend('wasm');
        const first = kernels();
        await selectBackend('wasm');
        console.log(kernels().map((kernel, i) => [first[i] !== own[i], kernel === first[i]].join()).join(' '));
      })();`;
    expect((await runInChild(code)).stdout.trim()).to.equal('true,true true,true true,true false,true');
  });

  describe('BatchMatMul', () => {
    const sizes = [
      [1, 1, 1],
      [1, 5, 1],
      [2, 3, 4],
      [4, 4, 4],
      [5, 7, 3],
      [17, 33, 9],
      [64, 1, 10],
      [1, 31, 8],
      [257, 130, 10],
    ] as const;
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        it(`multiplies as the cpu backend does with transposeA ${transposeA}, transposeB ${transposeB}`, async () => {
          for (const [m, k, n] of sizes) {
            const a = normal(transposeA ? [k, m] : [m, k], 1);
            const b = normal(transposeB ? [n, k] : [k, n], 2);
            await expectSame([a, b], ([x, y]) => tf.matMul(x!, y!, transposeA, transposeB));
          }
          const a = normal(transposeA ? [3, 5, 4] : [3, 4, 5], 3);
          const b = normal(transposeB ? [3, 6, 5] : [3, 5, 6], 4);
          await expectSame([a, b], ([x, y]) => tf.matMul(x!, y!, transposeA, transposeB));
          const shared = normal(transposeB ? [6, 5] : [5, 6], 5);
          await expectSame([a, shared], ([x, y]) => tf.matMul(x!, y!, transposeA, transposeB));
        });
      }
    }

    it('multiplies a matrix by its own transpose', async () => {
      await expectSame([normal([9, 6], 6)], ([x]) => tf.matMul(x!, x!, true, false));
      await expectSame([normal([9, 6], 7)], ([x]) => tf.matMul(x!, x!, false, true));
    });

    it('hands matrices to the backend transposed already, and batches as they are', () => {
      const own = tf.getKernel('BatchMatMul', 'wasm');
      const seen: unknown[] = [];
      const kernelFunc = transposeFirst((args) => {
        seen.push(args.attrs, args.inputs['a']!.shape, args.inputs['b']!.shape);
        return own.kernelFunc(args);
      });
      tf.unregisterKernel('BatchMatMul', 'wasm');
      tf.registerKernel({ ...own, kernelFunc });
      try {
        tf.tidy(() => tf.matMul(tf.ones([4, 3]), tf.ones([5, 4]), true, true));
        tf.tidy(() => tf.matMul(tf.ones([2, 4, 3]), tf.ones([2, 4, 5]), true, false));
      } finally {
        tf.unregisterKernel('BatchMatMul', 'wasm');
        tf.registerKernel(own);
      }
      const batched = { transposeA: true, transposeB: false };
      expect(seen).to.deep.equal([
        { transposeA: false, transposeB: false },
        [3, 4],
        [4, 5],
        batched,
        [2, 4, 3],
        [2, 4, 5],
      ]);
    });

    it('refuses sizes that do not fit, as before', () => {
      expect(() => tf.tidy(() => tf.matMul(tf.ones([3, 4]), tf.ones([4, 5]), true, false))).to.throw(/inner shapes/);
    });
  });

  describe('Sum', () => {
    for (const axis of [0, 1, -2, -1, [0], [0, 1], [1, 0], undefined]) {
      for (const keepDims of [false, true]) {
        it(`adds as the cpu backend does over axis ${JSON.stringify(axis)}, keepDims ${keepDims}`, async () => {
          for (const shape of [
            [1, 1],
            [1, 7],
            [7, 1],
            [5, 3],
            [256, 10],
            [300, 33],
          ]) {
            await expectSame([normal(shape, 8)], ([x]) => tf.sum(x!, axis, keepDims));
          }
        });
      }
    }

    it('adds what is no float32 matrix as before', async () => {
      await expectSame([normal([4, 3, 5], 9)], ([x]) => tf.sum(x!, 0));
      await expectSame([normal([12], 10)], ([x]) => tf.sum(x!, 0));
      await expectSame([normal([6, 5], 11)], ([x]) => tf.sum(tf.cast(tf.mul(x!, 10), 'int32'), 0));
      await expectSame([normal([6, 5], 11)], ([x]) => tf.sum(tf.greater(x!, 0), 0));
    });

    it('keeps NaN and infinity in their columns', async () => {
      const x = normal([3, 4], 12);
      x.values[6] = NaN;
      x.values[1] = Infinity;
      await expectSame([x], ([t]) => tf.sum(t!, 0));
    });
  });

  describe('Maximum', () => {
    it('takes the larger number as the cpu backend does, against a number, a row and a matrix', async () => {
      const x = normal([13, 7], 13);
      for (const c of [0, -0.5, 1.5]) await expectSame([x], ([t]) => tf.maximum(t!, c));
      await expectSame([x], ([t]) => tf.maximum(0.25, t!));
      await expectSame([x, normal([7], 14)], ([t, row]) => tf.maximum(t!, row!));
      await expectSame([x, normal([13, 7], 15)], ([t, other]) => tf.maximum(t!, other!));
      await expectSame([x, normal([1], 16)], ([t, one]) => tf.maximum(t!, one!));
      await expectSame([x], ([t]) => tf.maximum(tf.cast(tf.mul(t!, 4), 'int32'), tf.scalar(1, 'int32')));
      for (const c of [-Infinity, Infinity]) await expectSame([x], ([t]) => tf.maximum(t!, c));
    });

    it('keeps NaN and infinity, so that a run that diverges is seen', async () => {
      const x = { values: Float32Array.of(NaN, -1, 0, 2, Infinity, -Infinity, -0, NaN, NaN), shape: [9] };
      await expectSame([x], ([t]) => tf.maximum(t!, 0));
    });
  });

  describe('OneHot', () => {
    const classes = { values: Float32Array.of(2, 0, 4, 1, -1, 5, 3, 2), shape: [4, 2] };
    const rows = (dtype: 'float32' | 'int32', on: number, off: number) =>
      expectSame([classes], ([t]) => tf.oneHot(tf.cast(t!, 'int32'), 5, on, off, dtype));

    it('writes floats where floats are asked for, and nothing for a class that there is not', async () => {
      await rows('float32', 1, 0);
      await rows('float32', 0.75, -0.25);
    });

    it('writes integers as before', () => rows('int32', 3, -1));
  });

  describe('AdamStep', () => {
    it('steps to the bits that operations come to, as the cpu backend takes them', async () => {
      const shapes = [[1], [7], [13, 7], [300, 33]];
      for (const [i, shape] of shapes.entries()) {
        const given = [0, 1, 2, 3].map((k) => normal(shape, 20 + 4 * i + k));
        const on = async (backend: 'cpu' | 'wasm') => {
          await selectBackend(backend);
          expect(tf.getKernel('AdamStep', backend) !== undefined).to.equal(backend === 'wasm');
          const numbers = tf.tidy(() => {
            const [W, dW, M, S] = given.map(({ values }) => tf.tensor(values, shape));
            const before = { mean: [M!], meanSquare: [tf.square(S!)] };
            const gradients = { params: [W!], grads: [dW!], decays: [true] };
            const { params, state } = adam().update({ ...gradients, lr: 0.01, step: 3 }, before);
            return [...params!, ...state!.mean, ...state!.meanSquare].map((tensor) => [...tensor.dataSync()]);
          });
          return numbers;
        };
        expect(await on('wasm')).to.deep.equal(await on('cpu'));
      }
    });
  });

  it('leave neither tensors nor bytes behind in 1000 rounds', async () => {
    await selectBackend('wasm');
    const backend = tf.backend() as BackendWasm;
    const heapSize = () => (backend.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.length;
    const x = tf.randomNormal([61, 37], 0, 1, 'float32', 1);
    const y = tf.randomNormal([61, 23], 0, 1, 'float32', 2);
    const labels = tf.tensor1d([2, 0, 1], 'int32');
    const adamStep = { params: [x], grads: [x], decays: [true], lr: 0.1, step: 1 };
    const rounds = (count: number) => {
      for (let i = 0; i < count; i++) {
        tf.dispose([tf.matMul(x, y, true), tf.matMul(x, x, false, true), tf.sum(x, 0), tf.maximum(x, 0)]);
        tf.oneHot(labels, 3, 1, 0, 'float32').dispose();
        tf.tidy(() => void adam().update(adamStep, { mean: [x], meanSquare: [x] }));
      }
    };
    rounds(50);
    const before = [tf.memory().numTensors, tf.memory().numBytes, backend.numDataIds(), heapSize()];
    rounds(1000);
    const after = [tf.memory().numTensors, tf.memory().numBytes, backend.numDataIds(), heapSize()];
    tf.dispose([x, y, labels]);
    expect(after).to.deep.equal(before);
  });
});

/** Standard normal numbers, the same in every run. */
function normal(shape: number[], seed: number): Values {
  const random = createRandom(seed, 'gradcheck');
  const size = shape.reduce((product, n) => product * n, 1);
  return { values: Float32Array.from({ length: size }, () => random.normal(0, 1)), shape };
}

/** Holds `compute` on the wasm backend against the same on the cpu backend: type, shape, and numbers up to rounding. */
async function expectSame(inputs: Values[], compute: (tensors: tf.Tensor[]) => tf.Tensor): Promise<void> {
  const on = async (backend: 'cpu' | 'wasm') => {
    await selectBackend(backend);
    const result = tf.tidy(() => compute(inputs.map(({ values, shape }) => tf.tensor(values, shape))));
    const { dtype, shape } = result;
    const values = [...result.dataSync()];
    result.dispose();
    return { dtype, shape, values };
  };
  const expected = await on('cpu');
  const found = await on('wasm');
  expect({ dtype: found.dtype, shape: found.shape }).to.deep.equal({ dtype: expected.dtype, shape: expected.shape });
  const scale = Math.max(1, ...expected.values.filter(Number.isFinite).map(Math.abs));
  expected.values.forEach((value, i) => {
    if (Number.isFinite(value)) expect(found.values[i]).to.be.closeTo(value, 1e-5 * scale);
    else expect(String(found.values[i])).to.equal(String(value));
  });
}
