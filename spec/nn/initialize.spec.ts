import { expect } from 'chai';
import { initParams } from '../../src/nn/initialize';
import type { Layer } from '../../src/nn/mlp';
import { parametersOf, withBatchNorm } from '../../src/nn/network';
import { createRandom } from '../../src/random';
import { useBackend } from '../backend';

describe('initParams', () => {
  useBackend('cpu');

  it('draws normal(0, 0.01) weights and zero biases for the layers asked for', () => {
    const { layers, activation } = initParams(784, 10, 256, createRandom(0, 'init'));
    expect(layers).to.have.length(2);
    expect(activation).to.equal('relu');
    const [{ W: W1, b: b1 }, { W: W2, b: b2 }] = layers as [Layer, Layer];
    expect([W1.shape, b1.shape, W2.shape, b2.shape]).to.deep.equal([[784, 256], [256], [256, 10], [10]]);
    const w = Array.from(W1.dataSync());
    const mean = w.reduce((sum, x) => sum + x, 0) / w.length;
    const std = Math.sqrt(w.reduce((sum, x) => sum + (x - mean) ** 2, 0) / w.length);
    expect(mean).to.be.closeTo(0, 1e-4); // 0.01 / sqrt(200704) = 2e-5
    expect(std).to.be.closeTo(0.01, 1e-4);
    const beyondTwoStd = w.filter((x) => Math.abs(x) > 0.02).length / w.length;
    expect(beyondTwoStd, 'a normal distribution has 4.55% beyond two standard deviations').to.be.closeTo(0.0455, 0.002);
    expect(Array.from(b1.dataSync())).to.deep.equal(new Array(256).fill(0));
    expect(Array.from(b2.dataSync())).to.deep.equal(new Array(10).fill(0));
  });

  for (const [init, std, largest] of [
    ['he', Math.sqrt(2 / 300), Infinity],
    ['glorot', Math.sqrt(2 / 500), Math.sqrt(6 / 500)],
  ] as const) {
    it(`${init} gives the standard deviation of its formula`, () => {
      const { layers } = initParams(300, 200, [], createRandom(1, 'init'), { init });
      const w = Array.from(layers[0]!.W.dataSync());
      expect(w.reduce((sum, x) => sum + x, 0) / w.length).to.be.closeTo(0, std / 50);
      expect(Math.sqrt(w.reduce((sum, x) => sum + x * x, 0) / w.length) / std).to.be.closeTo(1, 0.01);
      expect(Math.max(...w.map(Math.abs))).to.be.at.most(largest * (1 + 1e-6));
    });
  }

  it('batch normalization gives hidden layers scales of one, and leaves the weights as they were drawn', () => {
    const plain = initParams(5, 3, [4, 2], createRandom(0, 'init'), { init: 'he' });
    const params = parametersOf(withBatchNorm(plain));
    expect(params.map(({ name }) => name)).to.deep.equal(['W1', 'b1', 'g1', 'W2', 'b2', 'g2', 'W3', 'b3']);
    expect(Array.from(params[2]!.tensor.dataSync())).to.deep.equal([1, 1, 1, 1]);
    expect(params[3]!.tensor).to.equal(plain.layers[1]!.W);
  });

  it('takes any list of hidden sizes, none included', () => {
    const shapes = (hiddens: number[]) => {
      const { layers } = initParams(5, 3, hiddens, createRandom(0, 'init'));
      return layers.map(({ W, b }) => [W.shape, b.shape]);
    };
    expect(shapes([])).to.deep.equal([[[5, 3], [3]]]);
    expect(shapes([4, 2])).to.deep.equal([[[5, 4], [4]], [[4, 2], [2]], [[2, 3], [3]]]); // prettier-ignore
  });

  it('gives the same weights for the same seed, and others for another', () => {
    const W1 = (seed: number) => Array.from(initParams(5, 3, 4, createRandom(seed, 'init')).layers[0]!.W.dataSync());
    expect(W1(3)).to.deep.equal(W1(3));
    expect(W1(3)).not.to.deep.equal(W1(4));
  });
});
