import { expect } from 'chai';
import fc from 'fast-check';
import { payloadOf, readPayload } from '../../../../src/sweeps/workers/queue/payload';

const sweep = '0123456789abcdef';
const good = payloadOf(
  sweep,
  {
    trial: 3,
    seed: 0,
    rung: 1,
    failures: 0,
    epochs: 9,
    settings: { lr: 0.1, hidden: [8, 4], dataset: 'own/points.csv' },
  },
  'testAccuracy',
  1,
);
const read = (data: unknown) => readPayload(data, sweep, ['mnist']);
const refused = (change: object) =>
  (read({ ...JSON.parse(JSON.stringify(good)), ...change }) as { refused?: string }).refused;

describe('what comes out of a queue', () => {
  it('is what went in', () => expect(read(JSON.parse(JSON.stringify(good)))).to.deep.equal(good));

  for (const [what, change] of [
    ['another sweep’s', { sweep: 'fedcba9876543210' }],
    ['a path for a sweep', { sweep: '../../etc' }],
    ['a fraction of a trial', { trial: 0.5 }],
    ['a path for a trial', { trial: '../../../root' }],
    ['a command', { command: 'rm -rf /' }],
    ['another version', { version: 2 }],
    ['a metric that is none', { metric: '__proto__' }],
    ['a setting that is none', { settings: { lr: 0.1, require: 'x' } }],
    ['a flag for a setting', { settings: { 'batch-size': 3 } }],
    ['a value out of range', { settings: { lr: -1 } }],
    ['an expectation', { settings: { runDir: '/tmp/x' } }],
    ['an absolute path', { settings: { dataset: '/etc/passwd' } }],
    ['a path upwards', { settings: { dataset: 'a/../../b.csv' } }],
    ['a path with a dot', { settings: { dataset: './x.csv' } }],
    ['a path of Windows', { settings: { dataset: 'c:\\x.csv' } }],
    ['an address', { settings: { dataset: 'http://x/y.csv' } }],
    ['weights from a path', { settings: { initFrom: 'x.safetensors' } }],
    ['a folder for data', { settings: { dataDir: '/tmp' } }],
    ['a source', { settings: { source: 'http://evil/' } }],
  ] as const) {
    it(`F84 is refused with ${what}`, () => expect(refused(change)).to.be.a('string'));
  }

  it('F84 is refused with __proto__ among the settings', () => {
    const data = JSON.stringify(good).replace('"settings":{', '"settings":{"__proto__":{"lr":1},');
    const answer = read(JSON.parse(data));
    // Left out or refused, never obeyed.
    if (!('refused' in answer)) expect(Object.getPrototypeOf(answer.settings)).to.equal(Object.prototype);
  });

  it('F84 whatever it is, the answer is a checked payload or a reason, and no path leads out', () => {
    const key = fc.oneof(fc.constantFrom('lr', 'dataset', 'hidden', 'initFrom', '__proto__'), fc.string());
    const payload = fc.record({
      version: fc.constantFrom(1, 2),
      sweep: fc.constantFrom(sweep, '..'),
      trial: fc.oneof(fc.nat(9), fc.jsonValue()),
      seed: fc.nat(3),
      rung: fc.nat(3),
      seeds: fc.nat(3),
      epochs: fc.nat(3),
      metric: fc.constant('loss'),
      settings: fc.dictionary(key, fc.oneof(fc.double(), fc.string(), fc.constantFrom('../x', '/x', 'a/b')), {
        maxKeys: 2,
      }),
    });
    fc.assert(
      fc.property(fc.oneof(payload, fc.jsonValue()), (data) => {
        const answer = read(data);
        if ('refused' in answer) {
          expect(answer.refused).to.be.a('string').and.not.empty;
          return;
        }
        const { dataset, ...rest } = answer.settings;
        expect(rest).not.to.have.any.keys('initFrom', 'dataDir', 'source');
        if (dataset !== undefined) expect(String(dataset)).not.to.match(/\.\.|^\/|\\|:/);
      }),
      { numRuns: 1000, seed: 3 },
    );
  });
});
