import { expect } from 'chai';
import fc from 'fast-check';
import { histogramOf } from '../../../src/runs/tensorboard/histogram';

describe('histogramOf', () => {
  it('puts every number into the bucket whose limits hold it', () => {
    // Of every order of magnitude.
    const numbers = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(numbers, (values) => {
        const { bucketLimit, bucket, num } = histogramOf(values);
        expect(bucket).to.have.length(bucketLimit.length);
        expect(bucketLimit).to.deep.equal([...bucketLimit].sort((a, b) => a - b));
        expect(num).to.equal(values.length);
        let seen = 0;
        bucket.forEach((count, i) => {
          seen += count;
          expect(seen).to.equal(values.filter((value) => value <= bucketLimit[i]!).length);
        });
      }),
    );
  });

  it('knows the numbers by hand', () => {
    const { bucket, bucketLimit, ...figures } = histogramOf(Float32Array.of(-2, 0, 0, 0.5));
    expect(figures).to.deep.equal({ min: -2, max: 0.5, num: 4, sum: -1.5, sumSquares: 4.25 });
    expect(bucket.filter((count) => count > 0)).to.deep.equal([1, 2, 1]);
    expect(bucketLimit[bucket.indexOf(2)]).to.equal(1e-12);
  });

  it('writes a run of empty buckets as one', () => {
    const { bucket, bucketLimit } = histogramOf(Float32Array.of(-2, 0, 0, 0.5, 1e20));
    expect(bucket).to.deep.equal([0, 1, 0, 2, 0, 1, 0, 1]);
    // The empty one before each gives it the lower limit of TensorBoard's own buckets, 10% below.
    expect(bucketLimit[5]! / bucketLimit[4]!).to.be.closeTo(1.1, 1e-9);
  });

  it('leaves out what is not finite, and has a form for nothing at all', () => {
    expect(histogramOf(Float32Array.of(NaN, 1, -Infinity)).num).to.equal(1);
    expect(histogramOf(new Float32Array(0))).to.include({ num: 0, min: 0, max: 0 });
  });
});
