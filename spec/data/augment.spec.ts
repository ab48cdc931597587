import { expect } from 'chai';
import { augmenter, type Augmentation } from '../../src/data/augment';
import { HandgradError } from '../../src/errors';

const SHAPE = [4, 5] as const;
const SIZE = SHAPE[0] * SHAPE[1];
/** Two images whose pixels are all different, and not 0. */
const features = Uint8Array.from({ length: 2 * SIZE }, (_, i) => i + 1);

function changed(how: Augmentation, epoch: number, row = 1, seed = 0): number[] {
  const to = new Float32Array(SIZE + 2).fill(-1);
  augmenter(SHAPE, how, seed)(features, row, epoch, to, 1);
  expect([to[0], to[SIZE + 1]], 'nothing beside the image is touched').to.deep.equal([-1, -1]);
  return Array.from(to.subarray(1, SIZE + 1));
}

/** The image moved and mirrored, written as the definition has it. */
function moved(row: number, down: number, right: number, mirrored: boolean): number[] {
  const at = (y: number, x: number) => features[row * SIZE + y * SHAPE[1] + x]!;
  return Array.from({ length: SIZE }, (_, p) => {
    const [y, x] = [Math.floor(p / SHAPE[1]) - down, (p % SHAPE[1]) - right];
    if (y < 0 || y >= SHAPE[0] || x < 0 || x >= SHAPE[1]) return 0;
    return mirrored ? at(y, SHAPE[1] - 1 - x) : at(y, x);
  });
}

const epochs = Array.from({ length: 4000 }, (_, epoch) => epoch);
const count = (images: number[][]) => {
  const counts = new Map<string, number>();
  for (const image of images) counts.set(String(image), (counts.get(String(image)) ?? 0) + 1);
  return counts;
};

describe('augmenter', () => {
  it('without a change it copies', () => {
    expect(changed({}, 3)).to.deep.equal(moved(1, 0, 0, false));
  });

  it('flips half the time', () => {
    const counts = count(epochs.map((epoch) => changed({ flip: true }, epoch)));
    expect([...counts.keys()].sort()).to.deep.equal([moved(1, 0, 0, false), moved(1, 0, 0, true)].map(String).sort());
    for (const n of counts.values()) expect(n / epochs.length).to.be.closeTo(0.5, 0.04);
  });

  it('shifts by every distance up to the one asked for, each as often, and shows 0 where nothing was', () => {
    const counts = count(epochs.map((epoch) => changed({ shift: 1, flip: true }, epoch)));
    const wanted = [-1, 0, 1].flatMap((down) =>
      [-1, 0, 1].flatMap((right) => [false, true].map((mirrored) => String(moved(1, down, right, mirrored)))),
    );
    expect([...counts.keys()].sort()).to.deep.equal([...wanted].sort());
    for (const n of counts.values()) expect(n / epochs.length).to.be.closeTo(1 / 18, 0.02);
  });

  it('cuts out one square, its center anywhere, cut off at the border', () => {
    const images = epochs.map((epoch) => changed({ cutout: 2 }, epoch));
    const original = moved(1, 0, 0, false);
    const holes = count(
      images.map((image) => {
        const hole = image.flatMap((pixel, p) => (pixel === 0 ? [p] : []));
        image.forEach((pixel, p) => expect(pixel === 0 || pixel === original[p]).to.be.true);
        const [ys, xs] = [hole.map((p) => Math.floor(p / SHAPE[1])), hole.map((p) => p % SHAPE[1])];
        const sides = [Math.max(...ys) - Math.min(...ys) + 1, Math.max(...xs) - Math.min(...xs) + 1];
        expect(sides[0]! * sides[1]!, 'a rectangle without a gap').to.equal(hole.length);
        expect(Math.max(...sides)).to.be.at.most(2);
        return hole;
      }),
    );
    expect(holes.size).to.equal(SIZE); // one for each center
  });

  it('draws by seed, epoch and row alone', () => {
    const how = { shift: 1, flip: true, cutout: 2 };
    expect(changed(how, 7)).to.deep.equal(changed(how, 7));
    const draws = (vary: (i: number) => number[]) => count(Array.from({ length: 20 }, (_, i) => vary(i))).size;
    expect(draws((epoch) => changed(how, epoch))).to.be.greaterThan(10);
    expect(draws((seed) => changed(how, 7, 1, seed))).to.be.greaterThan(10);
    const rows = new Uint8Array(20 * SIZE).map((_, i) => (i % SIZE) + 1);
    const one = augmenter(SHAPE, how, 0);
    const byRow = draws((row) => {
      const to = new Float32Array(SIZE);
      one(rows, row, 7, to, 0);
      return Array.from(to);
    });
    expect(byRow).to.be.greaterThan(10);
  });

  it('refuses what leaves nothing of the images', () => {
    for (const how of [{ shift: 4 }, { cutout: 9 }]) {
      expect(() => augmenter(SHAPE, how, 0))
        .to.throw(HandgradError, /covers images of 4 x 5/)
        .with.property('kind', 'usage');
    }
  });
});
