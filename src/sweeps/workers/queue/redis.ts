import type { Redis } from 'ioredis';
import { HandgradError } from '../../../errors';
import { quoted } from '../../../words';
import { createAutoResetEvent } from '../../autoResetEvent';

/** The prefix of every key, so that Redis can be shared with other programs. */
export const PREFIX = 'handgrad';
const CONNECT_MS = 10_000;
/** The longest delay between attempts to reconnect, in milliseconds. */
const MAX_RETRY_MS = 2000;
/** How long an exiting process waits for an unreachable Redis, in milliseconds. */
const AWAY_MS = 2000;

/** The address of Redis, and how to log in. */
export interface RedisAddress {
  readonly url: string;
  /** Used if the URL has none, so that a password need not be in a command line. */
  readonly username?: string;
  readonly password?: string;
}

/**
 * Connects to Redis. When the connection is lost later, commands wait until it is back.
 * @param onLoss called when the connection is lost (true) and when it is back (false)
 * @throws HandgradError 'usage' for an invalid address, 'backend' when Redis is unreachable
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
    // BullMQ requires that commands wait for Redis as long as it takes.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (connected ? Math.min(MAX_RETRY_MS, times * 100) : null),
  });
  redis.on('error', (error: Error) => {
    reason = error.message || String((error as NodeJS.ErrnoException).code);
    // Every failed attempt to reconnect emits another error.
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

/** Ends a connection for good: one that waits for Redis, or that BullMQ wants to connect again, stays closed. */
export function endConnection(redis: Redis): void {
  redis.connect = () => Promise.reject(new Error('The connection was closed.'));
  redis.disconnect();
}

/**
 * Awaits an answer of Redis, but not forever when the caller is about to exit.
 * @param ending once aborted, the answer is awaited for a moment only; aborted by default
 * @returns the answer; undefined when it did not come in time
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
  return url.replace(/^(rediss?:\/*|\w+:\/\/)?.*@/s, '$1***@').replace(/([?&](?:pass|auth)\w*=)[^&#]*/gi, '$1***');
}
