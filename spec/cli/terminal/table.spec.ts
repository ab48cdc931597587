import { expect } from 'chai';
import { table } from '../../../cli/terminal/table';

describe('table', () => {
  it('aligns columns two spaces apart, without lines, colors or spaces at the end', () => {
    const rows = [
      ['0', 'Bag', '0.9027', '1,000'],
      ['10', 'T-shirt', '0.5', '7'],
    ];
    expect(table(['', 'Class', 'F1', 'Samples'], rows, 'rlrr').split('\n')).to.deep.equal([
      '    Class        F1  Samples',
      ' 0  Bag      0.9027    1,000',
      '10  T-shirt     0.5        7',
    ]);
    expect(table(['a', 'b'], [['long', '']], 'll')).to.equal('a     b\nlong');
  });

  it('leaves out columns for a width, in the given order and no more than it takes; colors take no room', () => {
    const rows = [['one', '\u001b[32mtwo\u001b[39m', 'three']];
    const heading = (width: number) => table(['a', 'b', 'c'], rows, 'lll', { width, drop: [1, 2] }).split('\n')[0];
    expect([15, 14, 10, 9, 1].map(heading)).to.deep.equal(['a    b    c', 'a    c', 'a    c', 'a', 'a']);
  });
});
