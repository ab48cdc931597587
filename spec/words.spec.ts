import { expect } from 'chai';
import {
  allAtOnce,
  didYouMean,
  firstOf,
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  nearName,
  plural,
  quoted,
  shellWord,
} from '../src/words';

describe('format', () => {
  it('writes numbers as people read them', () => {
    expect([1, 999, 60_000, 1234567.4].map(formatCount)).to.deep.equal(['1', '999', '60,000', '1,234,567']);
    expect([0, 2.06, 59.94, 59.96, 200, 3599.9, 3900].map(formatSeconds)).to.deep.equal([
      '0.0 s',
      '2.1 s',
      '59.9 s',
      '1 min 00 s',
      '3 min 20 s',
      '1 h 00 min',
      '1 h 05 min',
    ]);
    expect([999, 1000, 26_421_880, 25.3e9].map(formatBytes)).to.deep.equal(['999 B', '1.0 kB', '26.4 MB', '25.3 GB']);
    expect([formatShare(0.76684), plural(1, 'epoch'), plural(1000, 'step')]).to.deep.equal([
      '0.7668',
      '1 epoch',
      '1,000 steps',
    ]);
  });

  it('quotes what came from outside so that no terminal obeys it, and none of it is long', () => {
    expect(quoted('a"b')).to.equal('"a\\"b"');
    expect(quoted('\u001b[2J\u009b1m\u202e')).to.equal('"\\u001b[2J\\u{9b}1m\\u{202e}"');
    expect(quoted('x'.repeat(1000))).to.have.length(63);
    expect([quoted(3), quoted([1, [2]]), quoted({ a: 1 })]).to.deep.equal(['3', 'a list', 'a mapping']);
  });
});

describe('nearName', () => {
  it('is what somebody meant to type, and nothing where that cannot be known', () => {
    const known = ['fashion-mnist', 'mnist', 'yes', 'no'];
    expect(['fashion-mnits', 'mnits', 'yse', 'Yes'].map((name) => nearName(name, known))).to.deep.equal([
      ...['fashion-mnist', 'mnist', undefined, 'yes'],
    ]);
    expect(['maybe', 'auto', ''].map((name) => nearName(name, known))).to.deep.equal([undefined, undefined, undefined]);
  });

  it('is never far from a short name, unless two letters were exchanged', () => {
    const known = ['fold', 'seed', 'name', 'list', 'train'];
    expect(['foo', 'step', 'time', 'keep', 'lst', 'trian', 'sede'].map((name) => nearName(name, known))).to.deep.equal([
      ...[undefined, undefined, undefined, undefined, 'list', 'train', 'seed'],
    ]);
  });

  it('is the only name that begins so, which is what a person meant who stopped typing', () => {
    expect(['tes', 'te', 'val'].map((name) => nearName(name, ['test-fraction', 'test-size', 'value']))).to.deep.equal([
      ...[undefined, undefined, 'value'],
    ]);
    expect(nearName('checkpoint', ['checkpoint-every', 'epochs'])).to.equal('checkpoint-every');
    expect(nearName('x', [])).to.equal(undefined);
  });
});

describe('didYouMean', () => {
  it('names what is near, else all where they are few, and nothing far-fetched', () => {
    expect(didYouMean('epcohs', ['epochs', 'lr'], '--')).to.equal('; did you mean --epochs?');
    expect(didYouMean('xyz', ['yes', 'no'])).to.equal('; choose yes, no.');
    expect(didYouMean('xyz', [...'abcdefghi'])).to.equal('.');
    expect(didYouMean('xyz', [])).to.equal('.');
  });
});

describe('allAtOnce', () => {
  it('is the one sentence, or a list of all', () => {
    expect(allAtOnce(['A.'], 'Wrong')).to.equal('A.');
    expect(allAtOnce(['A.', 'B.'], 'Wrong')).to.equal('Wrong (2):\n  - A.\n  - B.');
  });
});

describe('firstOf', () => {
  it('is the first of a list, and how many are left', () => {
    expect(firstOf([], 2)).to.equal('');
    expect(firstOf(['a', 'b'], 2)).to.equal('a, b');
    expect(firstOf(['a, b', 'c', 'd'], 1, '; ')).to.equal('a, b; and 2 more');
    expect(firstOf(Array<string>(2001).fill('x'), 1)).to.equal('x, and 2,000 more');
  });
});

describe('shellWord', () => {
  it('is typed as it is printed: quoted where the shell needs it, and never taken for a flag', () => {
    expect(['runs/a', 'a b', "it's", '-out', '-a b'].map(shellWord)).to.deep.equal([
      ...['runs/a', "'a b'", "'it'\\''s'", './-out', "'./-a b'"],
    ]);
  });
});
