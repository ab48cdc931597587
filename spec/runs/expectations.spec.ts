import { expect } from 'chai';
import { DEFAULTS } from '../../src/runs/config';
import type { RunEnd } from '../../src/runs/events';
import { assertExpectations } from '../../src/runs/expectations';
import { failure } from '../failure';

describe('expectations', () => {
  const END = { type: 'end', epochs: 1, testLoss: 0.5, seconds: 1, runDir: 'runs/a' } as const;
  const CLASSES: RunEnd = { ...END, testAccuracy: 0.8 };
  const NUMBERS: RunEnd = { ...END, testRmse: 12.5, testMae: 9, testR2: 0.75 };
  const check = (values: object, end: RunEnd) => assertExpectations({ ...DEFAULTS, ...values }, end);

  it('a figure that is just as good as expected is good enough', () => {
    check({}, CLASSES);
    check({ expectAccuracy: 0.8 }, CLASSES);
    check({ expectRmse: 12.5, expectMae: 9, expectR2: 0.75 }, NUMBERS);
  });

  for (const [values, end, message] of [
    [
      { expectAccuracy: 0.81 },
      CLASSES,
      'The final test accuracy 0.8000 is below `expectAccuracy` 0.81; the run is in runs/a.',
    ],
    [{ expectRmse: 12.4 }, NUMBERS, 'The final test RMSE 12.500 is above `expectRmse` 12.4; the run is in runs/a.'],
    [{ expectMae: 8.9 }, NUMBERS, 'The final test MAE 9.0000 is above `expectMae` 8.9'],
    [{ expectR2: 0.76 }, NUMBERS, 'The final test R² 0.7500 is below `expectR2` 0.76'],
    [{ expectRmse: 100 }, { ...NUMBERS, testRmse: NaN }, 'The final test RMSE NaN is above'],
    [{ expectR2: 0, expectRmse: 1 }, NUMBERS, 'RMSE'],
  ] as const) {
    it(`fails for ${JSON.stringify(values)} where it is not met`, async () => {
      expect(await failure('failure', () => check(values, end))).to.contain(message);
    });
  }

  it('says so when a run has no such figure', async () => {
    const message = await failure('usage', () => check({ expectRmse: 1 }, CLASSES));
    expect(message).to.equal('The run in runs/a has no test RMSE, which `expectRmse` expects; leave it out.');
  });
});
