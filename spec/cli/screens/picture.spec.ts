import { expect } from 'chai';
import { besideEachOther } from '../../../cli/screens/picture';

describe('blocks of lines side by side', () => {
  it('are aligned and centered, whichever is higher', () => {
    expect(besideEachOther(['+'], ['a', 'b', 'c'])).to.deep.equal(['   a', '+  b', '   c']);
    expect(besideEachOther(['+++', '+++'], ['a', 'b', 'c'])).to.deep.equal(['+++  a', '+++  b', '     c']);
    expect(besideEachOther(['1', '2', '3', '4'], ['a', 'b'])).to.deep.equal(['1', '2  a', '3  b', '4']);
    expect(besideEachOther(['\x1b[1m+\x1b[0m'], ['a', 'b'])).to.deep.equal(['\x1b[1m+\x1b[0m  a', '   b']);
  });
});
