import { expect } from 'chai';
import fc from 'fast-check';
import { classReport, averageReport } from '../../src/training/classReport';
import { classesAt, classificationFigures } from '../../src/training/classificationFigures';
import { bestThresholds, logLoss, rankingFigures } from '../../src/training/rankingReport';
import { askPython, pythonLacks } from '../model/python';
import { need } from '../need';

const figuresOf = (scores: readonly number[], labels: readonly number[]) =>
  rankingFigures(scores, (i) => labels[i] === 1);

describe('rankingFigures', () => {
  it('counts the pairs in the right order, and averages precision, by hand', () => {
    // From the top: 1, 0, 1, 0. Of the four pairs three are in order; precision 1 at the first, 2/3 at the second.
    expect(figuresOf([0.9, 0.8, 0.7, 0.1], [1, 0, 1, 0])).to.deep.equal({
      rocAuc: 3 / 4,
      averagePrecision: (1 + 2 / 3) / 2,
    });
    expect(figuresOf([1, 2, 3], [1, 0, 0])).to.deep.equal({ rocAuc: 0, averagePrecision: 1 / 3 });
  });

  it('counts equal scores one half, in any order', () => {
    for (const labels of [
      [1, 0, 0, 1],
      [0, 1, 1, 0],
    ]) {
      expect(figuresOf([0.5, 0.5, 0.5, 0.5], labels)).to.deep.equal({ rocAuc: 0.5, averagePrecision: 0.5 });
    }
    // 0.7 has one of each: of its two pairs one counts half, one fully.
    expect(figuresOf([0.7, 0.7, 0.2], [1, 0, 0])).to.deep.equal({ rocAuc: 0.75, averagePrecision: 0.5 });
  });

  it('is undefined where a class is absent, or a score is NaN', () => {
    expect(figuresOf([0.1, 0.2], [0, 0])).to.deep.equal({ rocAuc: null, averagePrecision: null });
    expect(figuresOf([0.1, 0.2], [1, 1])).to.deep.equal({ rocAuc: null, averagePrecision: 1 });
    expect(figuresOf([0.1, NaN], [1, 0])).to.deep.equal({ rocAuc: null, averagePrecision: null });
    expect(figuresOf([], [])).to.deep.equal({ rocAuc: null, averagePrecision: null });
  });

  it('equals the count over all pairs, and the sum over all thresholds, for any scores with ties', () => {
    const sample = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), (samples) => {
        const found = figuresOf(...(transposed(samples) as [number[], number[]]));
        const own = samples.filter(([, label]) => label === 1).map(([score]) => score);
        const others = samples.filter(([, label]) => label === 0).map(([score]) => score);
        const pairs = own.flatMap((a) => others.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
        const area = pairs.length === 0 ? null : pairs.reduce<number>((sum, one) => sum + one, 0) / pairs.length;
        const precisionAt = (t: number) => {
          const taken = samples.filter(([score]) => score >= t);
          return taken.filter(([, label]) => label === 1).length / taken.length;
        };
        const precision = own.length === 0 ? null : own.reduce((sum, t) => sum + precisionAt(t), 0) / own.length;
        expectClose(found.rocAuc, area);
        expectClose(found.averagePrecision, precision);
      }),
    );
  });
});

describe('bestThresholds', () => {
  it('are where the figure of the second class is largest: as found by trying every score', () => {
    const sample = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 25 }), (samples) => {
        const [scores, labels] = transposed(samples.map(([score, label]) => [score / 6, label])) as [
          number[],
          number[],
        ];
        const found = bestThresholds(scores, labels);
        if (new Set(labels).size < 2) {
          expect(found).to.equal(undefined);
          return;
        }
        const at = (threshold: number) => {
          const predicted = classesAt(
            threshold,
            scores.flatMap((score) => [1 - score, score]),
          );
          const confusion = [0, 1].map((truth) =>
            [0, 1].map((p) => labels.filter((label, i) => label === truth && predicted[i] === p).length),
          );
          return { f1: classReport(confusion)[1]!.f1, balancedAccuracy: averageReport(confusion).balancedAccuracy };
        };
        for (const key of ['f1', 'balancedAccuracy'] as const) {
          expectClose(found![key].value, Math.max(...scores.map((threshold) => at(threshold)[key])));
          expectClose(at(found![key].threshold)[key], found![key].value);
        }
      }),
    );
  });
});

describe('classificationFigures', () => {
  it('are those of scikit-learn', async function () {
    need(this, pythonLacks('sklearn'));
    // Probabilities of 200 samples in steps of 1/8, so that many are equal; class 3 of five occurs nowhere.
    const k = 5;
    const labels = Array.from({ length: 200 }, (_, i) => [0, 1, 2, 4][(i * 7 + (i >> 3)) % 4]!);
    const rows = labels.map((label, i) => {
      const shares = Array.from({ length: k }, (_, c) => ((i * (c + 3) * 5) % 8) + (c === label ? 4 : 0) + 1);
      const eighths = shares.map((share) => Math.floor((8 * share) / shares.reduce((a, b) => a + b)));
      eighths[i % k]! += 8 - eighths.reduce((a, b) => a + b);
      return eighths.map((one) => one / 8);
    });
    const predicted = rows.map((row) => row.indexOf(Math.max(...row)));
    const found = await classificationFigures({ probabilities: rows.flat(), predicted, labels, k });
    const expected = askPython(SCIKIT_LEARN, JSON.stringify({ labels, rows, predicted })) as Record<string, number> & {
      perClass: (number | null)[][];
    };
    const { macro, weighted } = found;
    const ours = {
      ...{ accuracy: found.accuracy, balanced: found.balancedAccuracy },
      ...{ macroPrecision: macro.precision, macroRecall: macro.recall, macroF1: macro.f1 },
      ...{ weightedPrecision: weighted.precision, weightedRecall: weighted.recall, weightedF1: weighted.f1 },
      ...{ rocAuc: found.rocAuc!, averagePrecision: found.averagePrecision! },
      logLoss: logLoss(
        rows.flat().map((p) => Math.max(p, 2 ** -52)),
        labels,
        k,
      ),
    };
    for (const [key, value] of Object.entries(ours)) expect(value, key).to.be.closeTo(expected[key]!, 1e-9);
    found.perClass.forEach(({ precision, recall, f1, rocAuc, averagePrecision }, c) => {
      [precision, recall, f1, rocAuc, averagePrecision].forEach((value, i) => {
        expectClose(value, expected.perClass[c]![i]!);
      });
    });
  });
});

const SCIKIT_LEARN = `
import json, sys, warnings
import numpy as np
from sklearn import metrics as m
warnings.simplefilter('ignore')
given = json.loads(sys.argv[1])
y, p, z = (np.array(given[key]) for key in ('labels', 'rows', 'predicted'))
k = p.shape[1]
present = [c for c in range(k) if (y == c).any()]
mean = lambda average: m.precision_recall_fscore_support(y, z, average=average, zero_division=0)[:3]
auc = lambda c: m.roc_auc_score(y == c, p[:, c]) if c in present else None
ap = lambda c: m.average_precision_score(y == c, p[:, c]) if c in present else None
each = m.precision_recall_fscore_support(y, z, labels=range(k), zero_division=0)
found = dict(accuracy=m.accuracy_score(y, z), balanced=m.balanced_accuracy_score(y, z))
found.update(zip(('macroPrecision', 'macroRecall', 'macroF1'), mean('macro')))
found.update(zip(('weightedPrecision', 'weightedRecall', 'weightedF1'), mean('weighted')))
found['rocAuc'] = np.mean([auc(c) for c in present])
found['averagePrecision'] = np.mean([ap(c) for c in present])
found['logLoss'] = -np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 2.0 ** -52)))
found['perClass'] = [[each[0][c], each[1][c], each[2][c], auc(c), ap(c)] for c in range(k)]
print(json.dumps(found, default=float))
`;

function transposed(pairs: readonly (readonly number[])[]): number[][] {
  return [0, 1].map((at) => pairs.map((pair) => pair[at]!));
}

function expectClose(found: number | null, expected: number | null): void {
  if (found === null || expected === null) expect(found).to.equal(expected);
  else expect(found).to.be.closeTo(expected, 1e-12);
}
