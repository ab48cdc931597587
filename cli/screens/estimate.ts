import type { RunEstimate } from '../../src/runs/estimate';
import { isCrossValidation, lastEpoch } from '../../src/runs/config';
import { formatBytes, formatCount, formatSeconds, plural } from '../../src/words';
import type { Terminal } from '../terminal/terminal';
import { layerTable } from './layers';
import { wrapped } from '../terminal/text';
import { describeRun } from './training';

/** Shows what a run would take: on stdout, because it is what was asked for. */
export function showEstimate(estimate: RunEstimate, terminal: Terminal, { json }: { readonly json: boolean }): void {
  if (json) return terminal.json({ type: 'estimate', ...estimate });
  const { network, config, stepsPerEpoch, steps, tensorBytes, sampleBytes } = estimate;
  const { stepSeconds, evaluationSeconds, seconds, measuredSteps } = estimate;
  const epochs = plural(lastEpoch(config), 'epoch');
  const length = isCrossValidation(config) ? `${config.folds} folds of ${epochs}` : epochs;
  const width = terminal.lineWidth;
  terminal.result(
    [
      describeRun(estimate, width),
      `\n${layerTable(network, width)}\n`,
      `Steps:   ${formatCount(stepsPerEpoch)} an epoch, ${formatCount(steps)} in ${length}`,
      `Memory:  ${formatBytes(tensorBytes)} of tensors at the peak, ${formatBytes(sampleBytes)} of samples`,
      `Time:    ${config.patience === undefined ? 'about' : 'at most about'} ${formatSeconds(seconds)}, ` +
        `with ${milliseconds(stepSeconds)} a step and ${milliseconds(evaluationSeconds)} an evaluation, ` +
        `by ${plural(measuredSteps, 'step')} on ${estimate.backend}`,
    ]
      .map((text) => (text.includes('\n') ? text : wrapped(text, width)))
      .join('\n'),
  );
  terminal.notice('Nothing was saved; run it without --dry-run to train.');
}

const milliseconds = (seconds: number) =>
  seconds < 1 ? `${Number((1000 * seconds).toPrecision(2))} ms` : formatSeconds(seconds);
