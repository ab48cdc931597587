import type { Redis } from 'ioredis';

/** Damages the entry of a run: `queue` is the prefix of the sweep's keys, `id` that of the run. */
type Damage = (redis: Redis, queue: string, id: string) => Promise<unknown>;

/** Changes the run's data, which is JSON. */
const data =
  (change: (content: Record<string, unknown>, text: string) => unknown): Damage =>
  async (redis, queue, id) => {
    const text = (await redis.hget(queue + id, 'data')) ?? '{}';
    const changed = change(JSON.parse(text) as Record<string, unknown>, text);
    return redis.hset(queue + id, 'data', typeof changed === 'string' ? changed : JSON.stringify(changed));
  };
const field =
  (name: string, value: string): Damage =>
  (redis, queue, id) =>
    redis.hset(queue + id, name, value);
const replaced =
  (by: (redis: Redis, key: string) => Promise<unknown>): Damage =>
  async (redis, queue, id) => [await redis.del(queue + id), await by(redis, queue + id)];

/** What cannot be trained, or whose result cannot be told: the run fails, and the sweep goes on. */
export const DAMAGED: Readonly<Record<string, Damage>> = {
  'data cut off': data((_, text) => text.slice(0, 20)),
  'data cut at its end': data((_, text) => text.slice(0, -1)),
  'data with more behind it': data((_, text) => `${text}{`),
  'data that is a number': data(() => 7),
  'data that is null': data(() => null),
  'data that is a list': data(() => []),
  'data that is empty': data(() => ''),
  'data without members': data(() => ({})),
  'data of five million brackets': data(() => '['.repeat(5_000_000)),
  'data that is no UTF-8': (redis, queue, id) => redis.hset(queue + id, 'data', Buffer.from([0x22, 0xff, 0xc0, 0x22])),
  'no data': (redis, queue, id) => redis.hdel(queue + id, 'data'),
  'another version': data((content) => ({ ...content, version: 2 })),
  'another sweep': data((content) => ({ ...content, sweep: 'f'.repeat(16) })),
  'another trial': data((content) => ({ ...content, trial: 10_000 })),
  'a command': data((content) => ({ ...content, command: 'rm -rf /' })),
  'a path for a trial': data((content) => ({ ...content, trial: '../../x' })),
  'no settings': data((content) => ({ ...content, settings: null })),
  'a setting out of range': data((content) => ({ ...content, settings: { lr: -1 } })),
  'a prototype among the settings': data((_, text) =>
    text.replace('"settings":{', '"settings":{"__proto__":{"lr":1},'),
  ),
  'no options': (redis, queue, id) => redis.hdel(queue + id, 'opts'),
  'options that are null': field('opts', 'null'),
  'options cut off': field('opts', '{"attempts":'),
  'options that are a number': field('opts', '7'),
  'options that are a list': field('opts', '[]'),
  'progress that is broken': field('progress', '{'),
  'progress of five million brackets': field('progress', '['.repeat(5_000_000)),
  'a parent that is broken': field('parent', '{'),
  'a failure before it is trained': field('failedReason', 'x'),
  'a hash of something else': replaced((redis, key) => redis.hset(key, 'x', 'y')),
  'a text in its place': replaced((redis, key) => redis.set(key, 'x')),
  'a list in its place': replaced((redis, key) => redis.rpush(key, 'x')),
  'a set in its place': replaced((redis, key) => redis.sadd(key, 'x')),
  'a sorted set in its place': replaced((redis, key) => redis.zadd(key, 1, 'x')),
  'a stream in its place': replaced((redis, key) => redis.xadd(key, '*', 'x', 'y')),
};

/** What is repaired, or does not matter: the run is trained, once. */
export const HARMLESS: Readonly<Record<string, Damage>> = {
  nothing: async () => {},
  'its entry is gone': (redis, queue, id) => redis.del(queue + id),
  'it is in no list': (redis, queue, id) => redis.lrem(`${queue}wait`, 0, id),
  'it is in its list twice': (redis, queue, id) => redis.rpush(`${queue}wait`, id),
  'another lock': (redis, queue, id) => redis.set(`${queue}${id}:lock`, 'x'),
  'a lock of another type': (redis, queue, id) => redis.rpush(`${queue}${id}:lock`, 'x'),
  'attempts that are text': field('attemptsMade', 'x'),
  'no time': field('timestamp', 'never'),
  'no name': (redis, queue, id) => redis.hdel(queue + id, 'name'),
  'options of other types': field('opts', '{"attempts":"x","backoff":[],"delay":-1,"removeOnComplete":{},"kl":"x"}'),
  'options that remove it when it has ended': field('opts', '{"attempts":1,"removeOnComplete":true}'),
  'a parent that does not exist': field('parentKey', 'handgrad:x:1'),
  'a result before it is trained': field('returnvalue', '{'),
};
