import { expect } from 'chai';
import fc from 'fast-check';
import {
  broadcastAsMatrix,
  broadcastShape,
  reductionOf,
  sameShape,
  sizeOf,
  stridesOf,
} from '../../../src/backends/device/shapes';

const RUNS = { numRuns: 500, seed: 20_261_126 };

const axisSize = fc.oneof(
  { weight: 1, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 }) },
);
const shapes = fc.array(axisSize, { maxLength: 5 });

/** A shape and one that broadcasts to it: some axes are 1, leading ones of those may be missing. */
const narrowed = (shape: readonly number[]) =>
  fc
    .tuple(...shape.map((size) => fc.constantFrom(size, size, 1)))
    .chain((narrow) => fc.integer({ min: 0, max: narrow.length }).map((cut) => ({ narrow, cut })))
    .map(({ narrow, cut }) => {
      const lead = narrow.findIndex((size) => size !== 1);
      return narrow.slice(Math.min(cut, lead < 0 ? narrow.length : lead));
    });

const pairs = shapes.chain((shape) => fc.tuple(narrowed(shape), narrowed(shape)));

/** Each index of a shape, row by row. */
function* indicesOf(shape: readonly number[]): Generator<number[]> {
  if (sizeOf(shape) === 0) return;
  const index = shape.map(() => 0);
  for (;;) {
    yield [...index];
    let axis = shape.length - 1;
    while (axis >= 0 && ++index[axis]! === shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

/** Where broadcasting reads an operand: the definition. */
function placeIn(own: readonly number[], index: readonly number[]): number {
  const strides = stridesOf(own);
  const lead = index.length - own.length;
  return own.reduce((sum, size, axis) => sum + (size === 1 ? 0 : index[lead + axis]! * strides[axis]!), 0);
}

describe('broadcastAsMatrix', () => {
  it('reads both operands where broadcasting does, for every number of the result', () => {
    let planned = 0;
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const shape = broadcastShape(a, b);
        const plan = broadcastAsMatrix(a, b, shape);
        if (!plan) return;
        planned++;
        expect(plan.rows * plan.cols).to.equal(sizeOf(shape));
        // The kernels take a step of 0 or 1 along a row.
        expect([plan.aCol, plan.bCol].every((step) => step === 0 || step === 1)).to.equal(true);
        let cell = 0;
        for (const index of indicesOf(shape)) {
          const [row, col] = [Math.floor(cell / plan.cols), cell % plan.cols];
          expect(row * plan.aRow + col * plan.aCol).to.equal(placeIn(a, index));
          expect(row * plan.bRow + col * plan.bCol).to.equal(placeIn(b, index));
          cell++;
        }
      }),
      RUNS,
    );
    expect(planned).to.be.above(RUNS.numRuns / 2);
  });

  it('gives up only where more than two groups of axes are read in different ways', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const shape = broadcastShape(a, b);
        const ways = shape
          .map((size, axis) => [a, b].map((own) => size > 1 && (own[axis - shape.length + own.length] ?? 1) > 1).join())
          .filter((_, axis) => shape[axis] !== 1);
        const groups = ways.filter((way, i) => way !== ways[i - 1]).length;
        // Where an axis is empty nothing is read, so any plan will do.
        if (sizeOf(shape) > 0 && !sameShape(a, b)) {
          expect(broadcastAsMatrix(a, b, shape) === undefined).to.equal(groups > 2);
        }
      }),
      RUNS,
    );
    expect(broadcastAsMatrix([2, 1, 2], [1, 2, 1], [2, 2, 2])).to.equal(undefined);
  });
});

describe('broadcastShape', () => {
  it('is the larger size of each axis, and an error where two sizes differ', () => {
    expect(broadcastShape([5, 1, 3], [4, 1])).to.deep.equal([5, 4, 3]);
    expect(broadcastShape([], [2, 0])).to.deep.equal([2, 0]);
    expect(broadcastShape([1], [0])).to.deep.equal([0]);
    expect(() => broadcastShape([2, 3], [2])).to.throw('shapes 2,3 and 2');
    expect(() => broadcastShape([0], [3])).to.throw('broadcast');
  });
});

describe('reductionOf', () => {
  const reductions = shapes.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.subarray(
        shape.map((_, axis) => axis),
        { minLength: 0 },
      ),
    ),
  );

  it('puts every number into the place of the result that summing over the axes puts it', () => {
    let found = 0;
    fc.assert(
      fc.property(reductions, ([shape, axes]) => {
        const plan = reductionOf(shape, axes);
        if (!plan || sizeOf(shape) === 0) return;
        found++;
        const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
        expect(plan.outer * plan.size * plan.inner).to.equal(sizeOf(shape));
        expect(plan.outer * plan.inner).to.equal(sizeOf(kept));
        let cell = 0;
        for (const index of indicesOf(shape)) {
          const place = Math.floor(cell / (plan.size * plan.inner)) * plan.inner + (cell % plan.inner);
          expect(place).to.equal(placeIn(kept, index));
          cell++;
        }
      }),
      RUNS,
    );
    expect(found).to.be.above(RUNS.numRuns / 4);
  });

  it('gives up only where axes that stay lie between axes that go', () => {
    fc.assert(
      fc.property(reductions, ([shape, axes]) => {
        const goes = shape.map((_, axis) => axes.includes(axis)).filter((_, axis) => shape[axis] !== 1);
        const apart = goes.slice(goes.indexOf(true), goes.lastIndexOf(true) + 1).includes(false);
        expect(reductionOf(shape, axes) === undefined).to.equal(goes.includes(true) && apart);
      }),
      RUNS,
    );
  });
});

describe('stridesOf', () => {
  it('leads from one element to the next along each axis', () => {
    expect(stridesOf([2, 3, 4])).to.deep.equal([12, 4, 1]);
    expect(stridesOf([])).to.deep.equal([]);
  });
});
