import type { RunEvent, StartEvent } from '../../src/runs/events';
import type { StepEvent } from '../../src/training/train';
import { type Config, DEFAULTS, keysWhere, lastEpoch } from '../../src/runs/config';
import { flagName } from '../arguments/flagNames';
import { formatFigure, judgedFigure, type JudgedFigure } from '../../src/runs/figures';
import { formatCount, formatSeconds, formatShare, plural, shellWord } from '../../src/words';
import { columnLines } from './columns';
import { createProgressBar } from '../terminal/progressBar';
import type { Screen, Terminal } from '../terminal/terminal';

/**
 * Shows a run on the terminal: a line per epoch in the post's form, or a line of JSON per event, and a progress bar.
 */
export function trainingScreen(terminal: Terminal, { json }: { json: boolean }): Screen<RunEvent> {
  const bar = trainingBar(terminal);
  const say = json ? () => {} : terminal.result;
  const shown: { [Type in RunEvent['type']]: (event: Extract<RunEvent, { type: Type }>) => void } = {
    start(event) {
      terminal.notice(describeRun(event));
      bar.begin(event);
    },
    step: bar.step,
    epoch(event) {
      const { loss, seconds, samplesPerSecond } = event;
      const judged = `${event.valLoss === undefined ? 'Test' : 'Val'} ${shownFigure(judgedFigure(event)!)}`;
      const pace = `(${formatSeconds(seconds)}, ${formatCount(samplesPerSecond)} samples/s)`;
      say(`Epoch ${event.epoch}, Loss: ${formatShare(loss)}, ${judged} ${terminal.out.dim(pace)}`);
    },
    fold(event) {
      const { fold, folds, epochs, testLoss, seconds } = event;
      const figure = judgedFigure(event);
      say(
        `Fold ${fold} of ${folds}, ${figure ? `Test ${shownFigure(figure)}, ` : ''}` +
          `Test Loss: ${formatShare(testLoss)} ` +
          terminal.out.dim(`(${plural(epochs, 'epoch')}, ${formatSeconds(seconds)})`),
      );
    },
    end(event) {
      const { epochs, testLoss, testMae, testR2, seconds, runDir } = event;
      const figures = [
        terminal.out.bold(`Test ${shownFigure(judgedFigure(event)!)}`),
        ...(testMae === undefined ? [] : [`Test MAE: ${formatFigure('MAE', testMae)}`]),
        ...(testR2 === undefined ? [] : [`Test R²: ${formatShare(testR2)}`]),
        `Test Loss: ${formatShare(testLoss)}`,
      ];
      const { folds, std } = event;
      if (folds !== undefined && std) {
        const spread = Object.entries(std).map(([key, value]) => `${key} ${formatFigure(key, value)}`);
        say(`${figures.join(', ')}: the means of ${folds} folds in ${formatSeconds(seconds)}`);
        say(`Standard deviations: ${spread.join(', ')}`);
        terminal.notice(`Saved in ${runDir}; compare the folds with: handgrad report ${shellWord(runDir)}`);
        return;
      }
      say(`${figures.join(', ')} after ${plural(epochs, 'epoch')} in ${formatSeconds(seconds)}`);
      terminal.notice(`Saved in ${runDir}; evaluate it with: handgrad evaluate ${shellWord(runDir)}`);
    },
    stopped: () => {},
  };
  return {
    show(event) {
      if (event.type === 'epoch' || event.type === 'fold' || event.type === 'end') bar.stop();
      if (json && event.type !== 'step' && event.type !== 'stopped') terminal.json(event);
      (shown[event.type] as (event: RunEvent) => void)(event);
    },
    stop: bar.stop,
  };
}

const shownFigure = ({ name, value }: JudgedFigure) => `${name}: ${formatFigure(name, value)}`;

function describeRun(event: StartEvent): string {
  const { dataset, trainSamples, valSamples, testSamples, parameters, widths, config, resumed } = event;
  const samples = [
    `${formatCount(trainSamples)} training`,
    ...(valSamples === undefined ? [] : [`${formatCount(valSamples)} validation`]),
    `${formatCount(testSamples)} test samples`,
  ];
  const steps = plural(Math.ceil(trainSamples / config.batchSize), 'step');
  const length = `${plural(lastEpoch(config), 'epoch')} of ${steps}`;
  return [
    `Data:    ${dataset}, ${samples.join(', ').replace(/, (?=[^,]*$)/, ' and ')}`,
    ...columnLines(event),
    `Model:   ${widths.join('-')}, ${config.activation}, ${plural(parameters, 'parameter')}`,
    `Train:   ${length}, batch size ${formatCount(config.batchSize)}, ${config.optimizer}, ` +
      `learning rate ${config.lr}, seed ${config.seed}`,
    ...(beyondThePost(config).length > 0 ? [`With:    ${beyondThePost(config).join(', ')}`] : []),
    ...(resumed ? [`         resumes after step ${formatCount(resumed.step)}, in epoch ${resumed.epoch + 1}`] : []),
  ].join('\n');
}

/** What the run does beyond the post's, in the form of flags. */
function beyondThePost(config: Config): string[] {
  const keys = keysWhere(({ shownAtStart }) => shownAtStart === true);
  return keys
    .filter((key) => String(config[key]) !== String(DEFAULTS[key]))
    .map((key) => {
      const value = config[key];
      return value === true ? flagName(key) : `${flagName(key)} ${[value].flat().join('+')}`;
    });
}

/** A progress bar per epoch, with the speed and the time left of the whole run. */
function trainingBar(terminal: Terminal) {
  const bar = createProgressBar(terminal);
  let run: StartEvent | undefined;
  let shown = 0;
  let runStarted = 0;
  let epochStarted = 0;
  let samplesThen = 0;
  return {
    begin: (event: StartEvent) => {
      run = event;
      runStarted = performance.now();
    },
    step: ({ epoch, step, samples }: StepEvent) => {
      const { trainSamples, config, resumed } = run!;
      const first = resumed?.step ?? 0;
      const now = performance.now();
      const batches = Math.ceil(trainSamples / config.batchSize);
      if (epoch !== shown) {
        shown = epoch;
        epochStarted = now;
        samplesThen = samples;
        bar.start(`Epoch ${epoch}/${lastEpoch(config)}`, batches);
        return;
      }
      const rate = (samples - samplesThen) / ((now - epochStarted) / 1000);
      const left = ((now - runStarted) / 1000 / (step - first)) * (batches * lastEpoch(config) - step);
      const batch = step - (epoch - 1) * batches;
      bar.update(batch, `${batch}/${batches} batches, ${formatCount(rate)} samples/s, ${formatSeconds(left)} left`);
    },
    stop: bar.stop,
  };
}
