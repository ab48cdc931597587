import { expect } from 'chai';
import fc from 'fast-check';
import { drawRows, foldRows, type SplitBy } from '../../../src/data/tables/splitRows';
import { createRandom } from '../../../src/random';
import { failure } from '../../failure';

const random = (seed = 0) => createRandom(seed, 'split');
const all = (count: number) => Int32Array.from({ length: count }, (_, row) => row);
const union = (parts: readonly Int32Array[]) => parts.flatMap((part) => [...part]).sort((a, b) => a - b);
const count = (rows: Int32Array, of: Int32Array, value: number) => rows.filter((row) => of[row] === value).length;

const lone = (classes: Int32Array) =>
  [...classes.keys()].filter((row) => count(all(classes.length), classes, classes[row]!) === 1);

const someClasses = fc.array(fc.nat(7), { minLength: 10, maxLength: 100 }).map((classes) => Int32Array.from(classes));

describe('the split of rows', () => {
  it('draws a share of the rows, in their order, the same for a seed', () => {
    const { kept, drawn } = drawRows(all(50), 0.2, {}, random());
    expect([kept.length, drawn.length]).to.deep.equal([40, 10]);
    for (const part of [kept, drawn]) expect([...part]).to.deep.equal(union([part]));
    expect(union([kept, drawn])).to.deep.equal([...all(50)]);
    expect(drawRows(all(50), 0.2, {}, random()).drawn).to.deep.equal(drawn);
    expect(drawRows(all(50), 0.2, {}, random(1)).drawn).to.not.deep.equal(drawn);
    expect(drawRows(all(5), 0, {}, random())).to.deep.equal({ kept: all(5), drawn: new Int32Array(0) });
  });

  it('draws of some rows only', () => {
    const { kept, drawn } = drawRows(Int32Array.of(3, 5, 8, 13), 0.5, {}, random());
    expect(union([kept, drawn])).to.deep.equal([3, 5, 8, 13]);
  });

  it('gives every part its share of each class, within one row', () => {
    const within = (parts: readonly Int32Array[], shares: readonly number[], classes: Int32Array, lone = 0) => {
      expect(union(parts)).to.deep.equal([...all(classes.length)]);
      parts.forEach((part, i) => {
        const off = 0.5 + (shares.length > 2 ? 0.5 : 0) + lone;
        expect(Math.abs(part.length - shares[i]! * classes.length)).to.be.at.most(off + 1e-9);
        for (const k of new Set(classes)) {
          const fair = shares[i]! * count(all(classes.length), classes, k);
          expect(Math.abs(count(part, classes, k) - fair)).to.be.below(1 + 1e-9);
        }
      });
    };
    fc.assert(
      fc.property(
        someClasses,
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.nat(99),
        (classes, fraction, seed) => {
          const { kept, drawn } = drawRows(all(classes.length), fraction, { classes }, random(seed));
          within([kept, drawn], [1 - fraction, fraction], classes, fraction * lone(classes).length);
        },
      ),
    );
    fc.assert(
      fc.property(someClasses, fc.integer({ min: 2, max: 10 }), fc.nat(99), (classes, folds, seed) => {
        const shares = new Array<number>(folds).fill(1 / folds);
        within(foldRows(all(classes.length), shares, { classes }, random(seed)), shares, classes);
      }),
    );
  });

  it('never draws the only row of a class, whatever the seed', () => {
    fc.assert(
      fc.property(
        someClasses,
        fc.double({ min: 0.1, max: 0.5, noNaN: true }),
        fc.nat(99),
        (classes, fraction, seed) => {
          const { kept, drawn } = drawRows(all(classes.length), fraction, { classes }, random(seed));
          expect([...kept]).to.include.members(lone(classes));
          for (const part of [kept, drawn]) expect([...part]).to.deep.equal(union([part]));
        },
      ),
    );
    // Of few others one is drawn, though their share is less than half a row.
    for (const classes of [Int32Array.of(1, 0, 5, 0, 4, 2, 0, 0, 3, 6), Int32Array.of(0, 0, 0, 3, 5, 6, 4, 0, 0, 1)]) {
      const { kept, drawn } = drawRows(all(10), 0.1, { classes }, random());
      expect([...kept]).to.include.members(lone(classes));
      expect(drawn).to.have.length(1);
    }
    // Nothing else could be drawn: the part is not left empty.
    const { drawn } = drawRows(all(4), 0.25, { classes: Int32Array.of(0, 1, 2, 3) }, random());
    expect(drawn).to.have.length(1);
  });

  it('deals out the only row of a class in folds, because each row is tested once', () => {
    const classes = Int32Array.of(0, 0, 0, 0, 0, 1);
    const parts = foldRows(all(6), [0.5, 0.5], { classes }, random());
    expect(parts.map(({ length }) => length)).to.deep.equal([3, 3]);
    expect(union(parts)).to.deep.equal([...all(6)]);
  });

  it('takes groups of more rows than a call takes arguments', () => {
    const groups = Int32Array.from({ length: 300_000 }, (_, row) => row % 2);
    const parts = foldRows(all(300_000), [0.5, 0.5], { groups }, random());
    expect(parts.map(({ length }) => length)).to.deep.equal([150_000, 150_000]);
  });

  it('keeps groups together, and gives every part one', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 4, maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 2, max: 4 }), fc.nat(99), (sizes, folds, seed) => {
        const groups = Int32Array.from(sizes.flatMap((size, group) => new Array<number>(size).fill(group)));
        const shares = new Array<number>(folds).fill(1 / folds);
        const parts = foldRows(all(groups.length), shares, { groups }, random(seed));
        expect(union(parts)).to.deep.equal([...all(groups.length)]);
        expect(Math.min(...parts.map(({ length }) => length))).to.be.above(0);
        for (const group of new Set(groups)) {
          expect(parts.filter((part) => count(part, groups, group) > 0)).to.have.length(1);
        }
      }),
    );
    const two = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1);
    for (const seed of [0, 1, 2, 3])
      expect(drawRows(all(8), 0.2, { groups: two }, random(seed)).drawn).to.have.length(4);
  });

  it('is near the share with many small groups', () => {
    const groups = Int32Array.from({ length: 300 }, (_, row) => Math.floor(row / 3));
    for (const seed of [0, 1, 2]) {
      expect(drawRows(all(300), 0.2, { groups }, random(seed)).drawn.length).to.be.within(57, 63);
    }
  });

  it('draws the latest rows by time; of equal times, the later lines', () => {
    const times = [5, 1, 4, 1, 3];
    expect(drawRows(all(5), 0.4, { times }, random())).to.deep.equal({
      kept: Int32Array.of(1, 3, 4),
      drawn: Int32Array.of(0, 2),
    });
    expect(foldRows(all(4), [0.25, 0.25, 0.25, 0.25], { times: [2, 2, 1, 1] }, random())).to.deep.equal(
      [2, 3, 0, 1].map((row) => Int32Array.of(row)),
    );
  });

  it('is refused when a part would be empty', async () => {
    const refused = (rows: number, fraction: number, by: SplitBy = {}) =>
      failure('data', () => drawRows(all(rows), fraction, by, random()));
    expect(await refused(2, 0.2)).to.equal(
      '2 rows cannot be split into parts of 0.8, 0.2: they would have 2, 0 rows; use more rows, or other fractions.',
    );
    expect(await refused(3, 0.9)).to.match(/^3 rows cannot be split into parts of 0\.1, 0\.9: /);
    expect(await refused(8, 0.2, { groups: new Int32Array(8) })).to.match(/^1 group cannot be split/);
    expect(await refused(1, 0.5)).to.match(/^1 row cannot be split/);
    expect(await refused(4, 0.1, { times: [1, 2, 3, 4] })).to.match(/^4 rows cannot be split/);
  });
});
