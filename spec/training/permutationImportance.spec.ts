import { expect } from 'chai';
import type { Samples } from '../../src/data/samples';
import { permutationImportance } from '../../src/training/permutationImportance';

describe('permutationImportance', () => {
  // Four features of 60 samples. The label is whether the one-hot features 1 and 2 say "right".
  const count = 60;
  const rows = Array.from({ length: count }, (_, i) => [i / count, i % 2, 1 - (i % 2), (i * 7) % 5]);
  const samples: Samples = {
    features: Float32Array.from(rows.flat()),
    ...{ scale: 1, labels: Int32Array.from({ length: count }, (_, i) => i % 2), count, numInputs: 4 },
  };
  const groups = [
    { name: 'index', first: 0, width: 1 },
    { name: 'side', first: 1, width: 2 },
    { name: 'other', first: 3, width: 1 },
  ];
  /** The accuracy of a rule that needs both features of the side, and fails the test if they do not fit. */
  const accuracyOf = ({ features, labels, count: n }: Samples) => {
    let right = 0;
    for (let i = 0; i < n; i++) {
      expect(features[4 * i + 1]! + features[4 * i + 2]!).to.equal(1);
      if (features[4 * i + 1] === labels[i]) right++;
    }
    return Promise.resolve(right / n);
  };

  it('is the drop of the score when all features of a column are shuffled together', async () => {
    const before = samples.features.slice();
    const found = await permutationImportance(samples, groups, accuracyOf);
    expect(found.map(({ column }) => column.name)).to.deep.equal(['side', 'index', 'other']);
    // Half of the shuffled sides are right by chance.
    expect(found[0]!.drop).to.be.within(0.3, 0.7);
    expect(found[0]!.spread).to.be.within(0.001, 0.2);
    expect(found.slice(1).map(({ drop, spread }) => [drop, spread])).to.deep.equal([
      [0, 0],
      [0, 0],
    ]);
    expect(samples.features).to.deep.equal(before);
    expect(await permutationImportance(samples, groups, accuracyOf)).to.deep.equal(found);
  });

  it('uses so many samples at most, and ends in time with the columns it has', async () => {
    const counts = new Set<number>();
    const score = (some: Samples) => accuracyOf(some).finally(() => counts.add(some.count));
    const [first] = await permutationImportance(samples, groups, score, { most: 20, repeats: 1 });
    expect([...counts]).to.deep.equal([20]);
    expect(first!.spread).to.equal(undefined);
    expect(await permutationImportance(samples, groups, accuracyOf, { milliseconds: -1 })).to.deep.equal([]);
  });
});
