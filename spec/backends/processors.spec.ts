import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { allowedProcessors, watchProcessors } from '../../src/backends/processors';
import { temporaryFolder } from './child';

describe('watchProcessors', () => {
  it('gives what the work gave, and at least a share of one processor in many', async () => {
    const { result, share } = await watchProcessors(() => Promise.resolve('loaded'));
    expect(result).to.equal('loaded');
    expect(share).to.be.above(0).and.to.be.at.most(os.availableParallelism());
  });

  it('sees that others keep the processors busy', async () => {
    const spin = 'for (;;);';
    const workers = Array.from({ length: 2 * os.availableParallelism() }, () => new Worker(spin, { eval: true }));
    await Promise.all(workers.map((worker) => new Promise((started) => worker.once('online', started))));
    try {
      const { share } = await watchProcessors(() => new Promise((done) => setTimeout(done, 300)));
      expect(share).to.be.below(1.5);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});

describe('allowedProcessors', () => {
  const quota = (text: string) => {
    const file = path.join(temporaryFolder(), 'cpu.max');
    fs.writeFileSync(file, text);
    return allowedProcessors(file);
  };

  it('takes no more than a container grants, at least one, and never more than the process is bound to', () => {
    const bound = os.availableParallelism();
    expect(quota('50000 100000\n')).to.equal(1);
    expect(quota('100000 100000\n')).to.equal(1);
    expect(quota('6400000 100000\n')).to.equal(bound);
    expect(quota('max 100000\n')).to.equal(bound);
    expect(allowedProcessors('/nonexistent/cpu.max')).to.equal(bound);
  });
});
