import type { Redis } from 'ioredis';
import { HandgradError } from '../../../errors';
import { quoted } from '../../../words';
import { createAutoResetEvent } from '../../autoResetEvent';

/** Before every key, so that a Redis can be shared with other programs. */
export const PREFIX = 'handgrad';
const CONNECT_MS = 10_000;
/** A Redis that is gone is asked for again this often at least, in milliseconds. */
const MAX_RETRY_MS = 2000;
/** How long who is to end waits for a Redis that is away, in milliseconds. */
const AWAY_MS = 2000;

/** Where a Redis is, and how to log in. */
export interface RedisAddress {
  readonly url: string;
  /** Where the URL has none, so that it need not stand in a command line. */
  readonly username?: string;
  readonly password?: string;
}

/**
 * Connects to Redis. Later losses are waited out: commands wait until it is back.
 * @param onLoss is told when Redis is lost and when it is back
 * @throws HandgradError 'usage' for an address that is none, 'backend' when nothing answers there
 */
export async function connectRedis(
  { url, username, password }: RedisAddress,
  onLoss: (lost: boolean) => void = () => {},
): Promise<Redis> {
  const shown = redactUrl(url);
  if (!/^rediss?:\/\/[^\s]+$/.test(url) || !URL.canParse(url)) {
    throw new HandgradError(
      'usage',
      `--queue must be an address such as redis://host:6379 or rediss://host:6380, not ${quoted(shown)}.`,
    );
  }
  const { Redis } = await import('ioredis');
  const { username: user, password: word } = new URL(url);
  let connected = false;
  let lost = false;
  let reason = 'no answer';
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    ...(user === '' && username ? { username } : {}),
    ...(word === '' && password ? { password } : {}),
    // BullMQ's condition: a command waits for Redis as long as it takes.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (connected ? Math.min(MAX_RETRY_MS, times * 100) : null),
  });
  redis.on('error', (error: Error) => {
    reason = error.message || String((error as NodeJS.ErrnoException).code);
    // Every attempt to reach it again fails with an error of its own.
    if (!connected || lost) return;
    lost = true;
    onLoss(true);
  });
  redis.on('ready', () => {
    if (!lost) return;
    lost = false;
    onLoss(false);
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const why = reason === 'no answer' ? (error as Error).message : reason;
    throw new HandgradError(
      'backend',
      `No Redis answers at ${shown} (${why}); start one, or correct --queue and its password.`,
      { cause: error },
    );
  }
  connected = true;
  return redis;
}

/**
 * What Redis answers. A command waits for a Redis that is away; who is to end does not.
 * @param ending aborted when the caller is to end: from then on the answer is waited for a moment only. By default it
 * is.
 * @returns the answer; undefined when it has not come
 */
export async function unlessAway<T>(answer: Promise<T>, ending = AbortSignal.abort()): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = createAutoResetEvent();
  const countDown = () => (timer = setTimeout(over.set, AWAY_MS));
  if (ending.aborted) countDown();
  else ending.addEventListener('abort', countDown, { once: true });
  try {
    return await Promise.race([answer, over.wait().then(() => undefined)]);
  } finally {
    clearTimeout(timer);
    ending.removeEventListener('abort', countDown);
  }
}

/** An address without its password, for messages: whatever is before its last @, and what a query names a password. */
export function redactUrl(url: string): string {
  return url.replace(/^(\w+:\/\/).*@/s, '$1***@').replace(/([?&](?:pass|auth)\w*=)[^&#]*/gi, '$1***');
}
