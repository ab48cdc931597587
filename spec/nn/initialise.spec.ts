import { expect } from 'chai';
import { initParams, parameterNames } from '../../src/nn/mlp';
import { createRandom } from '../../src/random';
import { useBackend } from '../backend';

describe('initParams', () => {
  useBackend('cpu');

  it('draws normal(0, 0.01) weights and zero biases for the layers asked for', () => {
    const [W1, b1, W2, b2, ...more] = initParams(784, 10, 256, createRandom(0, 'init'));
    expect(more).to.be.empty;
    expect([W1!.shape, b1!.shape, W2!.shape, b2!.shape]).to.deep.equal([[784, 256], [256], [256, 10], [10]]);
    const w = Array.from(W1!.dataSync());
    const mean = w.reduce((sum, x) => sum + x, 0) / w.length;
    const std = Math.sqrt(w.reduce((sum, x) => sum + (x - mean) ** 2, 0) / w.length);
    expect(mean).to.be.closeTo(0, 1e-4); // 0.01 / sqrt(200704) = 2e-5
    expect(std).to.be.closeTo(0.01, 1e-4);
    const beyondTwoStd = w.filter((x) => Math.abs(x) > 0.02).length / w.length;
    expect(beyondTwoStd, 'a normal distribution has 4.55% beyond two standard deviations').to.be.closeTo(0.0455, 0.002);
    expect(Array.from(b1!.dataSync())).to.deep.equal(new Array(256).fill(0));
    expect(Array.from(b2!.dataSync())).to.deep.equal(new Array(10).fill(0));
  });

  for (const [init, std, largest] of [
    ['he', Math.sqrt(2 / 300), Infinity],
    ['glorot', Math.sqrt(2 / 500), Math.sqrt(6 / 500)],
  ] as const) {
    it(`${init} gives the standard deviation of its formula`, () => {
      const [W] = initParams(300, 200, [], createRandom(1, 'init'), init);
      const w = Array.from(W!.dataSync());
      expect(w.reduce((sum, x) => sum + x, 0) / w.length).to.be.closeTo(0, std / 50);
      expect(Math.sqrt(w.reduce((sum, x) => sum + x * x, 0) / w.length) / std).to.be.closeTo(1, 0.01);
      expect(Math.max(...w.map(Math.abs))).to.be.at.most(largest * (1 + 1e-6));
    });
  }

  it('gives hidden layers scales of one with batch normalisation, and draws the same weights', () => {
    const params = initParams(5, 3, [4, 2], createRandom(0, 'init'), 'he', true);
    expect(parameterNames(params)).to.deep.equal(['W1', 'b1', 'g1', 'W2', 'b2', 'g2', 'W3', 'b3']);
    expect(Array.from(params[2]!.dataSync())).to.deep.equal([1, 1, 1, 1]);
    const plain = initParams(5, 3, [4, 2], createRandom(0, 'init'), 'he');
    expect(params[3]!.dataSync()).to.deep.equal(plain[2]!.dataSync());
  });

  it('takes any list of hidden sizes, none included', () => {
    const shapes = (hiddens: number[]) => initParams(5, 3, hiddens, createRandom(0, 'init')).map((p) => p.shape);
    expect(shapes([])).to.deep.equal([[5, 3], [3]]);
    expect(shapes([4, 2])).to.deep.equal([[5, 4], [4], [4, 2], [2], [2, 3], [3]]);
  });

  it('gives the same weights for the same seed, and others for another', () => {
    const W1 = (seed: number) => Array.from(initParams(5, 3, 4, createRandom(seed, 'init'))[0]!.dataSync());
    expect(W1(3)).to.deep.equal(W1(3));
    expect(W1(3)).not.to.deep.equal(W1(4));
  });
});
