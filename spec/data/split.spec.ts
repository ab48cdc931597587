import { expect } from 'chai';
import fc from 'fast-check';
import { splitRows, splitValidation } from '../../src/data/split';
import { createRandom } from '../../src/random';
import { failure } from '../failure';

const samples = (count: number) => ({
  features: Float32Array.from({ length: count * 2 }, (_, i) => i),
  scale: 1,
  labels: Int32Array.from({ length: count }, (_, i) => i % 3),
  count,
  numInputs: 2,
});
const random = (seed: number) => createRandom(seed, 'split');

describe('split', () => {
  it('parts are disjoint, complete, in order, and of the size asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 500 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.nat(99),
        (count, fraction, seed) => {
          const size = Math.round(count * fraction);
          fc.pre(size < count && (size > 0 || fraction === 0));
          const { kept, drawn } = splitRows(count, fraction, random(seed));
          expect(drawn.length).to.equal(size);
          const ascending = (rows: Int32Array) => rows.every((row, i) => i === 0 || row > rows[i - 1]!);
          expect(ascending(kept) && ascending(drawn)).to.be.true;
          expect(new Set([...kept, ...drawn]).size).to.equal(count);
        },
      ),
    );
  });

  it('rows keep their labels', () => {
    const { train, validation } = splitValidation(samples(60), 0.25, random(0));
    expect([train.count, validation.count]).to.deep.equal([45, 15]);
    for (const part of [train, validation]) {
      part.labels.forEach((label, i) => expect(label).to.equal((part.features[2 * i]! / 2) % 3));
    }
  });

  it('every row is drawn about as often as another', () => {
    const times = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 2000; seed++) for (const row of splitRows(10, 0.3, random(seed)).drawn) times[row]!++;
    // 600 times each; the standard deviation of one count is sqrt(2000 · 0.3 · 0.7) = 20.5.
    for (const count of times) expect(count).to.be.within(500, 700);
  });

  it('with 0 all samples are for training', () => {
    const all = samples(5);
    const { train, validation } = splitValidation(all, 0, random(0));
    expect(train).to.equal(all);
    expect(validation.count).to.equal(0);
  });

  it('refuses fractions that are none, and those that leave a part empty', async () => {
    for (const fraction of [-0.1, 1, 2, NaN, Infinity])
      await failure('usage', () => splitRows(10, fraction, random(0)));
    for (const fraction of [0.01, 0.99]) await failure('data', () => splitRows(10, fraction, random(0)));
  });
});
