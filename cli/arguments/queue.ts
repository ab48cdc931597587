import type { Options } from 'yargs';
import { HandgradError } from '../../src/errors';
import type { RedisAddress } from '../../src/sweeps/workers/queue/redis';
import type { Args } from './options';

/** Where trials are queued. */
export const QUEUE_OPTION = {
  queue: {
    requiresArg: true,
    nargs: 1,
    group: 'Queue:',
    describe: 'the Redis that hands trials to workers: redis://host:6379, or rediss:// with TLS',
  },
} satisfies Record<string, Options>;

/**
 * The address of --queue, or of HANDGRAD_QUEUE; name and password may come from HANDGRAD_QUEUE_USERNAME and
 * HANDGRAD_QUEUE_PASSWORD, so that they stand in no list of processes.
 * @throws HandgradError 'usage' when there is none
 */
export function queueAddress(args: Args, env: NodeJS.ProcessEnv): RedisAddress {
  const url = (args['queue'] as string | undefined) ?? env['HANDGRAD_QUEUE'];
  if (!url)
    throw new HandgradError(
      'usage',
      '--queue is missing: the address of Redis, such as redis://localhost:6379 (or set HANDGRAD_QUEUE).',
    );
  return { url, username: env['HANDGRAD_QUEUE_USERNAME'], password: env['HANDGRAD_QUEUE_PASSWORD'] };
}
