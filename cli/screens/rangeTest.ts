import { createProgressBar } from '../terminal/progressBar';
import { plotCurves } from '../terminal/plot';
import { wrapped } from '../terminal/text';
import type { Screen, Terminal } from '../terminal/terminal';
import type { RangeEvent } from '../../src/runs/findLearningRate';
import type { RangeStep } from '../../src/training/rangeTest';
import { formatCount, formatShare, plural } from '../../src/words';
import { dataLines } from './training';

/** Shows a range test: a progress bar, then the loss over the rates and the suggested one; or one object of JSON. */
export function rangeScreen(terminal: Terminal, { json }: { readonly json: boolean }): Screen<RangeEvent> {
  const bar = createProgressBar(terminal);
  let started: Extract<RangeEvent, { type: 'start' }> | undefined;
  const shown: { [Type in RangeEvent['type']]: (event: Extract<RangeEvent, { type: Type }>) => void } = {
    start(event) {
      started = event;
      const { config, steps, minLr, maxLr } = event;
      const how = `${plural(steps, 'step')}, batch size ${formatCount(config.batchSize)}, ${config.optimizer}`;
      const range = `learning rate ${minLr} to ${maxLr}, seed ${config.seed}`;
      const lines = [...dataLines(event), `Range:   ${how}, ${range}`];
      terminal.notice(lines.map((line) => wrapped(line, terminal.noticeWidth)).join('\n'));
      bar.start('Range test', event.steps);
    },
    step: ({ step, lr, smoothed }) => bar.update(step, `loss ${formatShare(smoothed)}, lr ${rateText(lr)}`),
    end(event) {
      bar.stop();
      const { steps, diverged, suggestion } = event;
      if (json) {
        const { dataset, backend, device, config, minLr, maxLr } = started!;
        terminal.json({ dataset, backend, device, minLr, maxLr, diverged, suggestion, steps, config });
        return;
      }
      const last = steps.at(-1)!;
      terminal.result(rangeChart(steps, suggestion?.lr, terminal));
      const end = diverged
        ? `The loss diverged at a learning rate of ${rateText(last.lr)}, after ${plural(steps.length, 'step')}.`
        : `The loss did not diverge up to ${rateText(last.lr)}.`;
      terminal.notice(end);
      if (!suggestion) return;
      const { lr, lowest } = suggestion;
      terminal.result(`${terminal.out.bold(`Suggested: --lr ${lr}`)}, where the loss falls fastest`);
      terminal.notice(
        `The loss is lowest at ${lowest}; a tenth of that, ${rateText(lowest / 10)}, is another common choice.`,
      );
    },
  };
  return {
    show: (event) => (shown[event.type] as (event: RangeEvent) => void)(event),
    stop: bar.stop,
  };
}

/** 0.12, 0.0012, 1.2e-5 */
const rateText = (lr: number) => `${Number(lr.toPrecision(2))}`;

/** A loss beyond this many times the first one would make the rest of its chart flat. */
const HIGHEST = 1.3;

function rangeChart(steps: readonly RangeStep[], suggested: number | undefined, terminal: Terminal): string {
  const most = HIGHEST * steps[0]!.smoothed;
  const values = steps.map(({ smoothed }) => Math.min(smoothed, most));
  const [first, last] = [steps[0]!.lr, steps.at(-1)!.lr];
  const chart = {
    first: `lr ${rateText(first)}`,
    last: rateText(last),
    // The rates grow by the same factor from column to column.
    ...(suggested !== undefined && { mark: Math.log(suggested / first) / Math.log(last / first) }),
  };
  return plotCurves(
    'Smoothed loss by learning rate',
    [{ name: 'last', values }],
    terminal.columns,
    terminal.out,
    chart,
  );
}
