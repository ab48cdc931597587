import { expect } from 'chai';
import type { Samples } from '../../src/data/samples';
import { isClassWeights, weighSamples } from '../../src/runs/classWeights';
import { failure } from '../failure';

describe('class weights', () => {
  const NAMES = ['cat', 'dog', 'a,b=c'];
  // Four cats and one dog.
  const samples = (more: Partial<Samples> = {}): Samples => ({
    ...{ features: new Float32Array(5), scale: 1, labels: Int32Array.from([0, 0, 1, 0, 0]), count: 5, numInputs: 1 },
    ...more,
  });
  const weights = (text?: string, more?: Partial<Samples>) =>
    Array.from(weighSamples(samples(more), NAMES, text).weights!);
  const close = (found: readonly number[], wanted: readonly number[]) => {
    expect(found).to.have.length(wanted.length);
    found.forEach((weight, i) => expect(weight).to.be.closeTo(wanted[i]!, 1e-6));
  };

  for (const [text, valid] of [
    ['balanced', true],
    ['cat=2,dog=0.5', true],
    ['cat = 2, dog = .5', true],
    ['cat=1e-3', true],
    ['a,b=c=2,cat=1', true],
    ['Balanced', false],
    ['cat', false],
    ['cat=', false],
    ['=2', false],
    ['cat=-1', false],
    ['cat=2;dog', false],
    ['cat=2,cat=3', false],
    ['cat=2,', true],
    ['cat=2,dog', false],
    ['cat=1e999', false],
    ['cat=0x10', false],
  ] as const) {
    it(`"${text}" is ${valid ? 'valid' : 'refused'}`, () => expect(isClassWeights(text)).to.equal(valid));
  }

  it('nothing is weighted without weights', () => {
    const plain = samples();
    expect(weighSamples(plain, NAMES, undefined)).to.equal(plain);
  });

  it('balanced: n / (k n_c), by hand, and k counts the classes that occur', () => {
    close(weights('balanced'), [0.625, 0.625, 2.5, 0.625, 0.625]);
  });

  it('by name, others having 1, with mean 1 over the samples', () => {
    close(weights('dog=6'), [0.5, 0.5, 3, 0.5, 0.5]);
    close(weights('dog=0,cat=7'), [1.25, 1.25, 0, 1.25, 1.25]);
    close(weights('a,b=c=9'), [1, 1, 1, 1, 1]);
  });

  it('times the weights that the samples have, with mean 1', () => {
    const given = Float32Array.from([2, 0, 4, 2, 2]);
    close(weights(undefined, { weights: given }), [1, 0, 2, 1, 1]);
    close(weights('dog=0.5', { weights: given }), [1.25, 0, 1.25, 1.25, 1.25]);
  });

  it('refuses a class that does not exist, and weights that are all 0', async () => {
    const unknown = await failure('usage', () => weights('dogs=2'));
    expect(unknown).to.equal('There is no class "dogs" for `classWeights`; did you mean dog?');
    const zero = await failure('data', () => weights('cat=0,dog=0'));
    expect(zero).to.match(/are all 0; nothing would be learned/);
    await failure('data', () => weights(undefined, { weights: new Float32Array(5) }));
  });
});
