import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal, readJournal } from '../../src/sweeps/state/journal';
import { readPayload } from '../../src/sweeps/workers/queue/payload';
import { queueExecutor } from '../../src/sweeps/workers/queue/queueExecutor';
import { connectRedis } from '../../src/sweeps/workers/queue/redis';
import { consumeQueues } from '../../src/sweeps/workers/queue/consumeQueues';
import { runTrials } from '../../src/sweeps/runTrials';
import { readSweep } from '../../src/sweeps/spec/sweepFile';
import { replay } from '../../src/sweeps/state/sweepState';

// A queue of many trials without training: the time of Redis, BullMQ,
// the journal and the checks alone, and whether memory grows.
//
//   redis-server --port 7379 --save '' &
//   node --expose-gc --require ./bin/register.js bench/sweeps/queue.ts redis://localhost:7379 [trials]

async function main(): Promise<void> {
  const [url = 'redis://localhost:6379', count = '10000'] = process.argv.slice(2);
  const trials = Number(count);
  const spec = readSweep({ method: 'random', run_cap: trials, parameters: { lr: { min: 0.001, max: 1.5 } } });
  const dir = mkdtempSync(join(tmpdir(), 'handgrad-bench-'));
  const id = 'be0cbe0cbe0cbe0c';
  const [redis, redis2] = [await connectRedis({ url }), await connectRedis({ url })];
  const journal = await openJournal(dir, 0);
  await journal.append({ type: 'sweep', version: 1, id, spec });
  const executor = await queueExecutor(redis, id, spec, () => {});
  const started = performance.now();
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(1));
  const say = (what: string) => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    console.log(
      JSON.stringify({ what, seconds: seconds(), heapMb: Math.round(heapUsed / 1e6), rssMb: Math.round(rss / 1e6) }),
    );
  };
  let ended = 0;
  let begun = 0;
  const drained = new AbortController();
  let working: Promise<void> | undefined;
  const takeAll = () =>
    consumeQueues({
      redis: redis2,
      only: undefined,
      slots: 4,
      leaseMs: 30_000,
      untilDone: false,
      read: (data, sweep) => readPayload(data, sweep, []),
      train: ({ epochs, settings }) =>
        Promise.resolve({
          type: 'result',
          result: {
            value: settings['lr'] as number,
            curve: [],
            epochs,
            seconds: 0,
            trainingSeconds: 0,
            config: settings,
          },
        }),
      onEvent: () => {},
      drain: drained.signal,
      stop: new AbortController().signal,
    });
  await runTrials({
    state: replay(spec, []),
    journal,
    executor,
    advisor: undefined,
    retries: 0,
    onEvent({ type }) {
      if (type === 'started' && ++begun === trials) {
        say('all enqueued');
        working = takeAll();
      }
      if (type === 'ended' && ++ended % (trials / 5) === 0) say(`${ended} drained`);
    },
    signal: new AbortController().signal,
  });
  drained.abort();
  await working;
  await executor.remove();
  await executor.close();
  await journal.close();
  const results = (await readJournal(dir)).entries.filter((entry) => entry.type === 'result');
  say(`${results.length} results in the journal, of ${new Set(results.map(({ trial }) => trial)).size} trials`);
  rmSync(dir, { recursive: true });
  redis.disconnect();
  redis2.disconnect();
}

void main();
