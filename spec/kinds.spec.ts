import { expect } from 'chai';
import fc from 'fast-check';
import { choice, faultOf, faultWithin, list, number, boolean, optional, text, wholeNumber } from '../src/kinds';

const widths = list('a list of at most 3 widths', wholeNumber(1, 9), ({ length }) => length <= 3);

describe('kinds of values', () => {
  it('whole numbers: both ends of the range, and nothing else', () => {
    const kind = wholeNumber(2, 5);
    const accepted = [1, 2, 2.5, 5, 6, NaN, Infinity, '3', 3n, null, undefined, [3], true].filter(kind.accepts);
    expect(accepted).to.deep.equal([2, 5]);
    expect(faultOf(kind, 6)).to.deep.equal({ rule: 'a whole number from 2 to 5', found: 6 });
  });

  it('numbers are finite, whatever their range', () => {
    const kind = number('a number', () => true);
    fc.assert(fc.property(fc.anything(), (value) => kind.accepts(value) === Number.isFinite(value)));
  });

  it('reads as numbers what is written as one, and leaves the rest to be refused', () => {
    const { read } = number('a number', () => true);
    for (const [written, means] of Object.entries({ '1': 1, '-0.5': -0.5, '.5': 0.5, '1e-3': 0.001, '+2.': 2 })) {
      expect(read!(written), written).to.equal(means);
    }
    for (const written of ['', ' ', '0x10', '1e', 'NaN', 'Infinity', '1,5', '--1', ' 1']) {
      expect(read!(written), written).to.equal(written);
    }
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => read!(String(x)) === x));
  });

  it('text is neither empty, nor endless, nor holds what ends a path', () => {
    const kind = text('a name');
    expect(['', 'a', 'a'.repeat(4096), 'a'.repeat(4097), 'a\0b', 1].map((value) => kind.accepts(value))).to.deep.equal([
      ...[false, true, true, false, false, false],
    ]);
  });

  it('a choice takes its names only, and none of those that every object has', () => {
    const kind = choice<'one' | 'two'>({ one: 'the first', two: 'the second' });
    expect(['one', 'two', 'ONE', 'constructor', '__proto__', ''].filter(kind.accepts)).to.deep.equal(['one', 'two']);
    expect(kind).to.deep.include({ rule: 'one of one, two', names: ['one', 'two'] });
  });

  it('a list is read from what stands between commas, and reports the element that is wrong', () => {
    expect(widths.read!('1, 2')).to.deep.equal([1, 2]);
    expect(widths.read!(' ')).to.deep.equal([]);
    expect(faultOf(widths, [1, 2, 3])).to.equal(undefined);
    expect(faultOf(widths, [1, [2], 0])).to.deep.equal({ rule: 'a whole number from 1 to 9', found: [2] });
    expect(faultOf(widths, [1, 1, 1, 1])).to.deep.equal({ rule: widths.rule, found: [1, 1, 1, 1] });
    expect(faultOf(widths, '1')).to.deep.equal({ rule: widths.rule, found: '1' });
  });

  it('on and off are true and false, not words for them', () => {
    expect([true, false, 'true', 1, 0, null].filter(boolean.accepts)).to.deep.equal([true, false]);
  });

  it('a record is at fault in the first of its values, in the order of the kinds', () => {
    const kinds = { a: optional(boolean), b: wholeNumber(1, 2) };
    expect(faultWithin(kinds, { b: 1, stranger: 1 })).to.equal(undefined);
    expect(faultWithin(kinds, { b: 3, a: 0 })).to.include({ key: 'a', found: 0 });
    expect(faultWithin(kinds, {})).to.include({ key: 'b', found: undefined });
  });
});
