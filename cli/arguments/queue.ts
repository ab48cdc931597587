import { HandgradError } from '../../src/errors';
import { text } from '../../src/kinds';
import type { RedisAddress } from '../../src/sweeps/workers/queue/redis';
import { flag, type Values } from './flags';

/** The flag for the queue of runs. */
export const QUEUE = {
  queue: flag(text('the address of a Redis, such as redis://localhost:6379'), {
    group: 'Queue',
    help: 'the Redis that distributes runs to workers: redis://host:6379, or rediss:// with TLS',
  }),
};

/**
 * The address from --queue or HANDGRAD_QUEUE. User name and password may come from HANDGRAD_QUEUE_USERNAME and
 * HANDGRAD_QUEUE_PASSWORD, so that no process list shows them.
 * @throws HandgradError 'usage' when there is none
 */
export function queueAddress({ queue }: Values<typeof QUEUE>, env: NodeJS.ProcessEnv): RedisAddress {
  const url = queue ?? env['HANDGRAD_QUEUE'];
  if (!url)
    throw new HandgradError(
      'usage',
      '--queue is missing: the address of Redis, such as redis://localhost:6379 (or set HANDGRAD_QUEUE).',
    );
  return { url, username: env['HANDGRAD_QUEUE_USERNAME'], password: env['HANDGRAD_QUEUE_PASSWORD'] };
}
