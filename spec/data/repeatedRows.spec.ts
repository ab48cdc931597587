import { expect } from 'chai';
import fc from 'fast-check';
import { firstEqualBytes, firstEqualRows } from '../../src/data/repeatedRows';

describe('rows that repeat an earlier one', () => {
  it('are found, each with the first that it is equal to', () => {
    const rows = fc.array(fc.uint8Array({ minLength: 2, maxLength: 2, max: 3 }), { maxLength: 60 });
    fc.assert(
      fc.property(rows, (rows) => {
        const texts = rows.map(String);
        const expected = texts.map((text) => texts.indexOf(text));
        expect([...firstEqualBytes(rows.length, (row) => rows[row]!)]).to.deep.equal(expected);
      }),
    );
  });

  it('are told apart where hashes collide', () => {
    const values = [5, 6, 5, 6, 7];
    const found = firstEqualRows(new Int32Array(5), (a, b) => values[a] === values[b]);
    expect([...found]).to.deep.equal([0, 1, 0, 1, 4]);
  });
});
