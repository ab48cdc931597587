import { HandgradError } from '../../src/errors';
import { countRuns } from '../../src/sweeps/workers/queue/queueExecutor';
import { connectRedis, type RedisAddress } from '../../src/sweeps/workers/queue/redis';
import { announceSweep, listSweeps, listWorkers } from '../../src/sweeps/workers/queue/registry';
import { rank } from '../../src/sweeps/state/ranking';
import { replay } from '../../src/sweeps/state/sweepState';
import { didYouMean, plural, quoted } from '../../src/words';
import { readSweepFolder } from '../../src/sweeps/sweepFolder';
import { plannedTrials } from '../../src/sweeps/spec/samplers';
import { resultTable } from './sweep';
import { table } from '../terminal/table';
import type { Terminal } from '../terminal/terminal';

/** Says where a sweep stands by its folder alone, whoever carries it on. */
export async function showFolder(dir: string, terminal: Terminal, { json }: { json: boolean }): Promise<void> {
  const { id, spec, entries } = await readSweepFolder(dir);
  const state = replay(spec, entries);
  const rows = rank(state);
  const counts = Object.fromEntries(
    (['done', 'failed', 'unfinished'] as const).map((name) => [name, rows.filter((row) => row.state === name).length]),
  ) as Record<'done' | 'failed' | 'unfinished', number>;
  const planned = plannedTrials(spec);
  const [best] = rows;
  if (json)
    return terminal.json({
      sweep: id,
      trials: Number.isFinite(planned) ? planned : null,
      ...counts,
      best: best?.value === undefined ? null : best,
    });
  terminal.result(
    `Sweep ${id}: ${counts.done} of ${plural(planned, 'trial')} done, ${counts.failed} failed, ${counts.unfinished} unfinished\n`,
  );
  terminal.result(resultTable(rows, spec));
}

/** Lists the sweeps of a queue and who works for them. */
export async function showQueue(
  address: RedisAddress,
  only: string | undefined,
  terminal: Terminal,
  { json }: { json: boolean },
): Promise<void> {
  const redis = await connectRedis(address);
  try {
    const sweeps = await listSweeps(redis);
    if (only !== undefined && !sweeps.has(only)) throw unknownSweep(only, [...sweeps.keys()]);
    const rows = [];
    for (const [id, { name, state }] of sweeps) {
      if (only !== undefined && id !== only) continue;
      rows.push({ sweep: id, name: name ?? null, state, ...(await countRuns(redis, id)) });
    }
    const workers = await listWorkers(redis);
    if (json) return terminal.json({ sweeps: rows, workers });
    if (rows.length === 0) terminal.result('No sweep is in this queue.');
    else {
      const cells = rows.map((row) => [
        row.sweep,
        row.name ?? '',
        row.state,
        ...[row.waiting, row.training, row.ended].map(String),
      ]);
      terminal.result(table(['Sweep', 'Name', 'State', 'Waiting', 'Training', 'Ended'], cells, 'lllrrr'));
    }
    for (const { host, pid, running, places } of workers)
      terminal.result(`Worker on ${host}, process ${pid}: ${running} of ${plural(places, 'place')} busy`);
    if (workers.length === 0) terminal.result('No worker is alive; start one with: handgrad worker --queue URL');
  } finally {
    redis.disconnect();
  }
}

/** Tells everybody who works for a sweep to stop: its trials save and wait, and its own process ends. */
export async function stopSweep(address: RedisAddress, id: string, terminal: Terminal): Promise<void> {
  const redis = await connectRedis(address);
  try {
    const sweeps = await listSweeps(redis);
    const sweep = sweeps.get(id);
    if (!sweep) throw unknownSweep(id, [...sweeps.keys()]);
    await announceSweep(redis, id, { ...sweep, state: 'stopped' });
    terminal.result(`Sweep ${id} stops: its trials save and wait; go on with: handgrad sweep --resume DIR --queue URL`);
  } finally {
    redis.disconnect();
  }
}

function unknownSweep(id: string, known: readonly string[]): HandgradError {
  const hint = known.length === 0 ? 'it holds none' : didYouMean(id, known);
  return new HandgradError(
    'usage',
    `There is no sweep ${quoted(id)} in this queue; ${hint}`.replace(/(?<![?.])$/, '.'),
  );
}
