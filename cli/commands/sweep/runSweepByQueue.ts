import { datasetNames } from '../../../src/data/catalog';
import { HandgradError } from '../../../src/errors';
import { probesOf } from '../../../src/sweeps/spec/distributions';
import { unfitSetting } from '../../../src/sweeps/workers/queue/payload';
import { queueExecutor } from '../../../src/sweeps/workers/queue/queueExecutor';
import type { Redis } from 'ioredis';
import { connectRedis, type RedisAddress } from '../../../src/sweeps/workers/queue/redis';
import type { SweepSpec } from '../../../src/sweeps/spec/sweepFile';
import { type SweepRun, runSweepHere } from './runSweepHere';
import type { Terminal } from '../../terminal/terminal';

/** Connects to the queue, before anything is begun that would have to wait for it. */
export function connectQueue(address: RedisAddress, terminal: Terminal): Promise<Redis> {
  return connectRedis(address, (lost) =>
    lost ? terminal.warning('Redis is gone; the sweep waits for it.') : terminal.notice('Redis is back.'),
  );
}

/**
 * Carries a sweep on by the workers of a queue. What is in the queue when this process ends stays there, and the workers go
 * on with it; the sweep collects their results when it is resumed.
 */
export async function runSweepByQueue(
  common: Omit<SweepRun, 'executor' | 'division' | 'signal'>,
  redis: Redis,
): Promise<void> {
  const { sweep, terminal, io } = common;
  const { id, dir, state } = sweep;
  const stopping = new AbortController();
  const passOn = () => stopping.abort(io.signal.reason);
  io.signal.addEventListener('abort', passOn, { once: true });
  if (io.signal.aborted) passOn();
  const executor = await queueExecutor(redis, id, state.spec);
  executor.onStopped(() =>
    stopping.abort(
      new HandgradError(
        'failure',
        `The sweep was stopped by "sweep stop"; go on with: handgrad sweep --resume ${dir} --queue URL.`,
      ),
    ),
  );
  try {
    terminal.notice(`Queue:  sweep ${id}`);
    const how = { division: undefined, signal: stopping.signal, finish: executor.remove, resumeFlags: ' --queue URL' };
    await runSweepHere({ ...common, ...how, executor });
  } finally {
    io.signal.removeEventListener('abort', passOn);
    await executor.close();
  }
}

/** @throws HandgradError 'usage' when a sweep's settings mean something on this machine only */
export function refuseUnfit({ fixed, parameters }: SweepSpec): void {
  const values = [
    ...Object.entries(fixed),
    ...Object.entries(parameters).flatMap(([key, parameter]) =>
      probesOf(parameter).map((value) => [key, value] as const),
    ),
  ];
  for (const [key, value] of values) {
    const unfit = unfitSetting(key, value, datasetNames);
    if (unfit) throw new HandgradError('usage', `The sweep cannot go through a queue: ${unfit}.`);
  }
}
