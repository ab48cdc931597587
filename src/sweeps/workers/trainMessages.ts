import { join } from 'node:path';
import { HandgradError } from '../../errors';
import { openOwn, readOwn } from '../../files/readWhole';
import { RUN_FILES } from '../../runs/runFolder';
import { figure } from './runResult';

/** The progress of a run. */
export interface Progress {
  readonly epoch: number;
  readonly value: number | null;
}

/** The size limit of the settings of a run, and of the end of its log that is searched for an error. */
const MAX_SETTINGS_BYTES = 1_000_000;
const LOG_BYTES = 64_000;

const unreadable = (why: string) => new HandgradError('model', `It ${why}.`);

/**
 * Reads a line of stdout of the process that trains.
 * @param metric the metric that the sweep optimizes
 * @returns undefined unless it is about an epoch: other events, and what a native library prints. Results are read from
 *   the run folder
 */
export function progressOf(line: string, metric: string): Progress | undefined {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof event !== 'object' || event === null) return undefined;
  const { type, epoch } = event as { readonly type?: unknown; readonly epoch?: unknown };
  if (type !== 'epoch' || !Number.isSafeInteger(epoch)) return undefined;
  return { epoch: epoch as number, value: figure(event, metric) };
}

/** Whether a run was started with these settings, apart from `stopAfter` and `threads`. @param path of its settings */
export async function hasSettings(path: string, settings: object): Promise<boolean> {
  const plain = (of: object) => JSON.stringify(Object.entries({ ...of, stopAfter: 0, threads: 0 }).sort());
  try {
    const bytes = await readOwn(path, MAX_SETTINGS_BYTES, unreadable);
    return bytes !== undefined && plain(JSON.parse(bytes.toString('utf8')) as object) === plain(settings);
  } catch {
    return false;
  }
}

/** Whether a run ends at a rung before its last epoch; undefined when it has not started, or cannot be read. */
export async function stopsAtRung(dir: string): Promise<boolean | undefined> {
  const bytes = await readOwn(join(dir, RUN_FILES.config), MAX_SETTINGS_BYTES, unreadable).catch(() => undefined);
  return bytes?.includes('"stopAfter"');
}

/** The last error message in the log of a failed process. */
export async function lastError(logPath: string): Promise<string | undefined> {
  const lines = (await endOf(logPath)).trimEnd().split('\n');
  const said = lines.findLast((line) => line.includes('Error:')) ?? lines.at(-1);
  const plain = said
    ?.replace(/^.*?Error:\s*/, '')
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  return plain ? plain.slice(0, 300).replace(/\.$/, '') : undefined;
}

/** The last part of a log; empty when it cannot be read. */
async function endOf(path: string): Promise<string> {
  const handle = await openOwn(path, unreadable).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, LOG_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
