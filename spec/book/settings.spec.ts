import { expect } from 'chai';
import fc from 'fast-check';
import {
  DEFAULTS,
  LIMITS,
  readLogits,
  readSettings,
  type Settings,
  withinLimits,
  writeLogits,
  writeSettings,
} from '../../book/page/settings';

describe('the settings in the book’s address', () => {
  it('are the post’s where the address says nothing', () => {
    expect(readSettings('')).to.deep.equal(DEFAULTS);
    expect([DEFAULTS.lr, DEFAULTS.width, DEFAULTS.batchSize]).to.deep.equal([0.1, 256, 256]);
    expect(writeSettings(DEFAULTS)).to.equal('');
  });

  it('are within their limits, whatever the address says', () => {
    const { lr, width, unit, seed } = readSettings('?lr=1e39&width=-3&unit=600&seed=1.6&image=x&pixel=');
    expect([lr, width, unit, seed]).to.deep.equal([1e38, 1, 0, 2]);
    expect(readSettings('?lr=nonsense&toString=1').lr).to.equal(0.1);
  });

  it('are within their limits, whatever a field says', () => {
    const typed = { ...DEFAULTS, width: 64.4, unit: 100, pixel: NaN, seed: -1, start: 'zeros' };
    expect(withinLimits(typed)).to.deep.equal({ ...typed, width: 64, unit: 63, pixel: DEFAULTS.pixel, seed: 0 });
  });

  it('survive writing and reading', () => {
    const number = ([min, max]: readonly [number, number]) => fc.integer({ min, max });
    const settings = fc.record<Settings>({
      seed: number(LIMITS.seed),
      lr: fc.double({ min: LIMITS.lr[0], max: LIMITS.lr[1], noNaN: true }),
      width: fc.constant(512),
      batchSize: number(LIMITS.batchSize),
      image: number(LIMITS.image),
      unit: number(LIMITS.unit),
      pixel: number(LIMITS.pixel),
      backend: fc.constantFrom('auto', 'wasm', 'webgl'),
      start: fc.string(),
      logits: fc.array(fc.double({ noNaN: true }), { minLength: 10, maxLength: 10 }).map(writeLogits),
      right: number(LIMITS.right),
      parameter: fc.constantFrom('W1', 'b1', 'W2', 'b2'),
      output: number(LIMITS.output),
      rate: fc.double({ min: LIMITS.rate[0], max: LIMITS.rate[1], noNaN: true }),
      epoch: number(LIMITS.epoch),
      batch: number(LIMITS.batch),
    });
    fc.assert(
      fc.property(settings, (one) => {
        const start = one.start.trim() === '' ? DEFAULTS.start : one.start;
        expect(readSettings(writeSettings({ ...one, start }))).to.deep.equal({ ...one, start });
      }),
    );
  });

  it('hold ten logits, or those of the network', () => {
    const logits = [1, -2.5, 0, 1e4, -1e4, 3, 4, 5, 6, 0.12345];
    expect(readLogits(writeLogits(logits))).to.deep.equal([...logits.slice(0, 9), 0.1235]);
    expect(readLogits('1e99 2 3 4 5 6 7 8 9 10')![0]).to.equal(1e9);
    for (const text of ['', '1 2 3', 'a b c d e f g h i j', 'NaN 2 3 4 5 6 7 8 9 10']) {
      expect(readLogits(text), text).to.equal(undefined);
    }
  });
});
