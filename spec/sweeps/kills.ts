import { createRandom, type Random } from '../../src/random';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisServer } from './workers/queue/redisServer';
import { childrenOf, journalOf, kill, start, type Started } from './program';

/** What a sweep went through. */
export interface Killed {
  readonly kills: number;
  /** How it ended in the end. */
  readonly code: number | NodeJS.Signals;
  readonly stderr: string;
}

/**
 * Runs a sweep while its parent, one of its children, or both are killed at random times, and resumes it until it has
 * been killed often enough; then lets it end.
 * @param file the sweep file; the sweep's folder is `s`
 * @param meanMs the time between kills, on average
 */
export async function killLocally(
  cwd: string,
  file: string,
  kills: number,
  seed: number,
  meanMs: number,
): Promise<Killed> {
  const random = createRandom(seed, 'order');
  const flags = ['--workers', '2', '--retries', '100'];
  let parent = start(cwd, ['sweep', file, '--run-dir', 's', ...flags]);
  let done = 0;
  for (;;) {
    const ended = await (done < kills ? Promise.race([parent.ended, delay(waiting(random, meanMs))]) : parent.ended);
    if (ended !== undefined) {
      // Only a kill ends it before its time; a sweep that has ended cannot be killed any more.
      return { kills: done, code: ended, stderr: parent.stderr() };
    }
    const children = childrenOf(parent.child.pid!);
    const what = random.integer(3);
    if (what !== 0) for (const child of children.slice(0, 1 + random.integer(2))) kill(child);
    if (what !== 1) {
      kill(parent.child.pid!);
      await parent.ended;
      parent = start(cwd, ['sweep', ...((await begun(cwd)) ? ['--resume', 's'] : [file, '--run-dir', 's']), ...flags]);
    }
    done++;
  }
}

/** As `killLocally`, with a queue: the sweep's own process, a worker or Redis is killed, and started again. */
export async function killInQueue(
  cwd: string,
  file: string,
  redis: RedisServer,
  kills: number,
  seed: number,
  meanMs: number,
): Promise<Killed> {
  const random = createRandom(seed, 'order');
  const queue = ['--queue', redis.url];
  const worker = (i: number) =>
    start(cwd, [
      'worker',
      ...queue,
      '--workers',
      '1',
      '--datasets',
      cwd,
      '--lease',
      '2',
      '--run-root',
      i === 2 ? 'own' : 'shared',
    ]);
  const workers = [0, 1, 2].map(worker);
  const flags = [...queue, '--retries', '100'];
  let sweep = start(cwd, ['sweep', file, '--run-dir', 's', ...flags]);
  let done = 0;
  try {
    for (;;) {
      const ended = await (done < kills ? Promise.race([sweep.ended, delay(waiting(random, meanMs))]) : sweep.ended);
      if (ended !== undefined) return { kills: done, code: ended, stderr: sweep.stderr() };
      const what = random.integer(6);
      if (what === 0) {
        kill(sweep.child.pid!);
        await sweep.ended;
        sweep = start(cwd, ['sweep', ...((await begun(cwd)) ? ['--resume', 's'] : [file, '--run-dir', 's']), ...flags]);
      } else if (what === 1) await redis.restart({ empty: random.integer(2) === 0 });
      else {
        const i = random.integer(3);
        const victim = workers[i]!;
        const [child] = childrenOf(victim.child.pid!);
        if (what === 2 && child !== undefined) kill(child);
        else {
          kill(victim.child.pid!);
          await victim.ended;
          workers[i] = worker(i);
        }
      }
      done++;
    }
  } finally {
    for (const one of [...workers, sweep] as Started[]) kill(one.child.pid!);
  }
}

/** A sweep that was killed in its first moments has no journal yet, and begins again. */
async function begun(cwd: string): Promise<boolean> {
  return journalOf(join(cwd, 's')).then(
    (entries) => entries.length > 0,
    () => false,
  );
}

/** Exponential, so that kills come close together as well as far apart. */
function waiting(random: Random, meanMs: number): number {
  return Math.min(5 * meanMs, -meanMs * Math.log(1 - random.uniform()));
}
