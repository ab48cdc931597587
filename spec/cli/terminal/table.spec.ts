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
});
