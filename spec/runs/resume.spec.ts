import { expect } from 'chai';
import { HandgradError } from '../../src/errors';
import type { FoundCheckpoint } from '../../src/runs/checkpointFolder';
import { checkIdentity } from '../../src/runs/resume';

const IDENTITY = {
  backend: 'native',
  device: 'a processor, vectors of 16 floats, 2 threads',
  datasetDigest: '0'.repeat(64),
  trainSamples: 100,
};

/** What is noticed when the run was `then` and is resumed as `now`. */
function noticed(then: object, now: object): string[] {
  const notices: string[] = [];
  const found = { path: 'runs/x/checkpoints/1', checkpoint: { run: { ...IDENTITY, ...then } } } as FoundCheckpoint;
  checkIdentity(found, { ...IDENTITY, ...now }, (message) => notices.push(message));
  return notices;
}

describe('checkIdentity', () => {
  it('accepts the same device, on any number of threads', () => {
    expect(noticed({}, {})).to.deep.equal([]);
    expect(noticed({}, { device: 'a processor, vectors of 16 floats, one thread' })).to.deep.equal([]);
    expect(noticed({ device: 'a processor, vectors of 16 floats, 64 threads' }, {})).to.deep.equal([]);
  });

  it('says that another device may differ in the last digits', () => {
    const notices = noticed({}, { device: 'a processor, vectors of 8 floats, 2 threads' });
    expect(notices).to.have.length(1);
    expect(notices[0]).to.contain('vectors of 16').and.to.contain('vectors of 8').and.to.contain('last digits');
  });

  it('refuses another backend or data set by name', () => {
    for (const [change, word] of [
      [{ backend: 'wasm' }, 'wasm'],
      [{ datasetDigest: '1'.repeat(64) }, 'datasetDigest'],
    ] as const) {
      const attempt = () => noticed({}, change);
      expect(attempt).to.throw(HandgradError, word);
    }
  });
});
