import { expect } from 'chai';
import { GRAYS, weightGrid } from '../../src/pictures/weightGrid';

describe('weightGrid', () => {
  it('shows a unit between gray lines, from nearly black for the most negative weight to nearly white', () => {
    // Two units that look at images of 1 x 2 pixels: [-1, 0] and [1, 0.5].
    const { width, height, pixels } = weightGrid({ data: Float32Array.of(-1, 1, 0, 0.5), shape: [2, 2] }, [1, 2], {
      paint: GRAYS,
      most: 64,
    });
    expect([width, height]).to.deep.equal([7, 3]);
    expect([...pixels.subarray(width, 2 * width)]).to.deep.equal([128, 1, 128, 128, 254, 191, 128]);
  });

  it('is scaled by what one weight in 500 exceeds, to a hundredth', () => {
    const data = Float32Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (i + 1));
    data[999] = 1e6;
    const { pixels, width } = weightGrid({ data, shape: [1000, 1] }, [1, 1000], { paint: GRAYS, most: 1 });
    const grays = pixels.subarray(width + 1, width + 1001);
    expect(grays[998]).to.equal(255); // 999 of 1000 sizes, beyond the scale
    expect(grays[498]).to.be.within(190, 192); // half of it
    expect(grays[989]).to.be.within(0, 2); // 990, negative: nearly all of it
  });

  it('shows what is no number as 0', () => {
    const data = Float32Array.of(NaN, 1, -1, 1);
    const { pixels, width } = weightGrid({ data, shape: [4, 1] }, [1, 4], { paint: GRAYS, most: 1 });
    expect(pixels[width + 1]).to.equal(128);
  });

  it('is gray where every weight is 0', () => {
    const { pixels } = weightGrid({ data: new Float32Array(4), shape: [4, 1] }, [2, 2], { paint: GRAYS, most: 1 });
    expect(new Set(pixels)).to.deep.equal(new Set([128]));
  });
});
