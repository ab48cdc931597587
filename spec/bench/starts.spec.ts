import { expect } from 'chai';
import { startRatio, startTable } from '../../bench/starts';

describe('how a checkout starts beside the compiled program', () => {
  const start = { what: 'train --help', typed: [1.5, 4, 0.9], compiled: [1, 2, 1] };

  it('compares within rounds: what disturbs one disturbs both', () => {
    expect(startRatio(start)).to.equal(1.5);
  });

  it('prints the medians and their ratio', () => {
    const [title, , row] = startTable([start]).split('\n');
    expect(title).to.contain('3 rounds');
    expect(row!.split(/ {2,}/)).to.deep.equal(['train --help', '1.50', '1.00', '1.50']);
  });
});
