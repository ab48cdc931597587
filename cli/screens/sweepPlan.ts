import { configurationKey, nextConfiguration, plannedTrials } from '../../src/sweeps/spec/samplers';
import type { SweepSpec } from '../../src/sweeps/spec/sweepFile';
import { plural } from '../../src/words';
import { configurationText } from './sweep';
import type { Terminal } from '../terminal/terminal';

/** Prints what a sweep would train. What depends on results is said, not guessed. */
export function printTrials(spec: SweepSpec, terminal: Terminal, { json }: { json: boolean }): void {
  const planned = plannedTrials(spec);
  if (spec.method === 'bayes') {
    if (json)
      terminal.json({
        type: 'plan',
        trials: planned,
        seeds: spec.seeds,
        fixed: spec.fixed,
        parameters: spec.parameters,
      });
    else terminal.result(`Optuna chooses ${plural(planned, 'trial')}, each from the results before it.`);
    return;
  }
  const made = new Set<string>();
  let cursor = 0;
  for (let trial = 0; trial < planned; trial++) {
    const next = nextConfiguration(spec, made, cursor);
    if (!next) break;
    made.add(configurationKey(next.configuration));
    cursor = next.cursor;
    if (json) terminal.json({ type: 'trial', trial, configuration: next.configuration });
    else terminal.result(`Trial ${trial}: ${configurationText(next.configuration)}`);
  }
  const { halving, seeds } = spec;
  const each = seeds === 1 ? '' : `, ${plural(seeds, 'seed')} each`;
  const stops = halving ? `; all train ${plural(halving.rungs[0]!, 'epoch')}, and the best 1/${halving.eta} go on` : '';
  const shared = Object.entries(spec.fixed).length === 0 ? '' : `; all with ${configurationText(spec.fixed)}`;
  terminal.notice(`${plural(made.size, 'trial')}${each}${stops}${shared}`);
}
