import { setImmediate as otherEvents } from 'node:timers/promises';
import type { QueueStatus, SweepPlan, SweepStatus } from '../../src/sweeps/overview';
import { formatCount, plural } from '../../src/words';
import { table } from '../terminal/table';
import type { Terminal } from '../terminal/terminal';
import { configurationText, resultTable } from './sweep';

export { sweepScreen } from './sweep';

/** Shows the progress of a sweep. */
export function showStatus(status: SweepStatus, terminal: Terminal, { json }: { json: boolean }): void {
  const { sweep, spec, rows, trials, done, stopped, failed, unfinished } = status;
  const [best] = rows;
  if (json) {
    const shown = best?.value === undefined || best.state === 'failed' ? null : best;
    return terminal.json({ sweep, trials, done, stopped, failed, unfinished, best: shown });
  }
  const of = trials === null ? 'trials' : plural(trials, 'trial');
  const early = stopped > 0 ? ` (${stopped} of them stopped by halving)` : '';
  terminal.result(`Sweep ${sweep}: ${done} of ${of} done${early}, ${failed} failed, ${unfinished} unfinished\n`);
  terminal.result(resultTable(rows, spec, terminal.lineWidth));
}

/** Lists the sweeps and workers of a queue. */
export function showQueue({ sweeps, workers }: QueueStatus, terminal: Terminal, { json }: { json: boolean }): void {
  if (json) return terminal.json({ sweeps, workers });
  if (sweeps.length === 0) terminal.result('No sweep is in this queue.');
  else {
    const cells = sweeps.map(({ sweep, name, state, waiting, training, ended }) => [
      ...[sweep, name ?? '', state],
      ...[waiting, training, ended].map(String),
    ]);
    terminal.result(table(['Sweep', 'Name', 'State', 'Waiting', 'Training', 'Ended'], cells, 'lllrrr'));
  }
  for (const { host, pid, running, slots } of workers)
    terminal.result(`Worker on ${host}, process ${pid}: ${running} of ${plural(slots, 'slot')} busy`);
  if (workers.length === 0) terminal.result('No worker is running; start one with: handgrad worker --queue URL');
}

/** Of more trials, the first are listed; JSON has all. */
const MOST_TRIALS = 1000;

/**
 * Prints what a sweep would train. Configurations that depend on results are not listed.
 * @throws the reason of the signal: a grid may have billions of trials
 */
export async function showPlan(
  plan: SweepPlan,
  terminal: Terminal,
  { json, signal }: { json: boolean; signal: AbortSignal },
): Promise<void> {
  const { spec, trials, configurations } = plan;
  const { halving, seeds, fixed, parameters } = spec;
  if (!configurations) {
    if (json) terminal.json({ type: 'plan', trials, seeds, fixed, parameters });
    else terminal.result(`Optuna chooses ${plural(trials, 'trial')}, each based on the results so far.`);
    return;
  }
  let trial = 0;
  for (const configuration of configurations) {
    if (json) await terminal.write(`${JSON.stringify({ type: 'trial', trial, configuration })}\n`);
    else if (trial === MOST_TRIALS) {
      terminal.result(`… and ${formatCount(trials - trial)} more; --json lists all.`);
      trial = trials;
      break;
    } else terminal.result(`Trial ${trial}: ${configurationText(configuration)}`);
    trial++;
    // A file takes lines without a pause, in which a signal could arrive.
    if (trial % 1000 === 0) await otherEvents();
    signal.throwIfAborted();
  }
  const each = seeds === 1 ? '' : `, ${plural(seeds, 'seed')} each`;
  const stops = halving
    ? `; all train ${plural(halving.rungs[0]!, 'epoch')}, and the best 1/${halving.eta} continue`
    : '';
  const shared = Object.entries(fixed).length === 0 ? '' : `; all with ${configurationText(fixed)}`;
  terminal.notice(`${plural(trial, 'trial')}${each}${stops}${shared}`);
}
