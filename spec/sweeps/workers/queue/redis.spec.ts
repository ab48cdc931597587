import { expect } from 'chai';
import { redactUrl } from '../../../../src/sweeps/workers/queue/redis';

describe('an address in a message', () => {
  for (const [url, shown] of [
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['redis://:secret@host:1/2', 'redis://***@host:1/2'],
    ['redis://:pa/ss@host', 'redis://***@host'],
    ['rediss://me:p@ss@host/1', 'rediss://***@host/1'],
    ['redis://:a?b#c@host', 'redis://***@host'],
    ['redis:/me:secret@host', 'redis:/***@host'],
    ['me:secret@host', '***@host'],
    ['redis://host/0?password=secret', 'redis://host/0?password=***'],
    ['redis://host?db=1&Password=se%26cret&x=1', 'redis://host?db=1&Password=***&x=1'],
  ] as const) {
    it(`F87 ${url} shows no password`, () => expect(redactUrl(url)).to.equal(shown));
  }
});
