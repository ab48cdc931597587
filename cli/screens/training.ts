import type { RunEvent, StartEvent } from '../../src/runs/events';
import type { EpochEvent, StepEvent } from '../../src/training/train';
import { type Config, DEFAULTS, keysWhere, lastEpoch } from '../../src/runs/config';
import { flagName } from '../arguments/flagNames';
import type { RunOutline } from '../../src/runs/runFacts';
import { taskOfConfig } from '../../src/runs/task';
import { formatFigure, judgedFigure, type JudgedFigure } from '../../src/runs/figures';
import { formatCount, formatSeconds, formatShare, plural, shellWord } from '../../src/words';
import { library } from '../library';
import { columnLines } from './columns';
import { layerTable } from './layers';
import { createProgressBar } from '../terminal/progressBar';
import { wrapped } from '../terminal/text';
import type { Screen, Terminal } from '../terminal/terminal';

/**
 * Shows a run on the terminal: a line per epoch in the post's form, or a line of JSON per event, and a progress bar.
 * @param options.summary shows the layers of the network, too
 */
export function trainingScreen(
  terminal: Terminal,
  { json, summary = false }: { readonly json: boolean; readonly summary?: boolean },
): Screen<RunEvent> {
  const bar = trainingBar(terminal);
  let started: StartEvent | undefined;
  const validated: EpochEvent[] = [];
  let warned = false;
  const warn = () => {
    warned = true;
    bar.stop();
    const { lr } = started!.config;
    const smaller = Number((lr / 10).toPrecision(3));
    terminal.warning(
      `The loss is far above that of guessing: the learning rate ${lr} is probably too large; try --lr ${smaller}.`,
    );
  };
  const say = json ? () => {} : terminal.result;
  const showSummary = ({ widths, config }: StartEvent) => {
    const network = library.summaries().networkSummary(widths, { ...config, task: taskOfConfig(config) });
    if (json) terminal.json({ type: 'summary', ...network });
    else say(`\n${layerTable(network, terminal.lineWidth)}\n`);
  };
  const shown: { [Type in RunEvent['type']]: (event: Extract<RunEvent, { type: Type }>) => void } = {
    start(event) {
      started = event;
      terminal.notice(describeRun(event, terminal.noticeWidth));
      if (summary) showSummary(event);
      const doubt = doubtfulRate(event.config);
      if (doubt === undefined) return bar.begin(event);
      terminal.warning(doubt);
      warned = true;
      bar.begin(event);
    },
    step(event) {
      if (!warned && isTooFast(event, started)) warn();
      bar.step(event);
    },
    log: () => {},
    epoch(event) {
      const { epoch, loss, trainAccuracy, testLoss, valLoss, seconds, samplesPerSecond } = event;
      const judged = valLoss === undefined ? 'Test' : 'Val';
      if (valLoss !== undefined) validated.push(event);
      const line = `Epoch ${epoch}, Loss: ${formatShare(loss)}, ${judged} ${shownFigure(judgedFigure(event)!)}`;
      const more = `${line}, ${judged} Loss: ${formatShare((valLoss ?? testLoss)!)}`;
      const most = trainAccuracy === undefined ? more : `${more}, Training Accuracy: ${formatShare(trainAccuracy)}`;
      const time = formatSeconds(seconds);
      const pace = `${time}, ${formatCount(samplesPerSecond)} samples/s`;
      const variants = [[most, pace] as const, [most, time] as const, [more, time] as const, [line, time] as const];
      // The first that fits; " (" and ")" are three characters.
      const fits = ([text, after]: readonly [string, string]) => text.length + after.length + 3 <= terminal.lineWidth;
      const [text, after] = variants.find(fits) ?? variants.at(-1)!;
      say(`${text} ${terminal.out.dim(`(${after})`)}`);
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
      const { epochs, bestEpoch, seconds, runDir, folds, std } = event;
      const [judged, ...others] = testFigures(event);
      const figures = [terminal.out.bold(judged), ...others];
      if (folds !== undefined && std) {
        say(`${figures.join(', ')}: the means of ${folds} folds in ${formatSeconds(seconds)}`);
        say(`Standard deviations: ${testFigures(std).join(', ')}`);
        terminal.notice(`Saved in ${runDir}; compare the folds with: handgrad report ${shellWord(runDir)}`);
        return;
      }
      if (bestEpoch !== undefined) terminal.notice(keptEpoch(epochs, bestEpoch, started));
      else if (validated.length > 0) terminal.notice(keptLast(epochs, validated));
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

/** The figures of the test set, or their standard deviations, the most telling one first. */
function testFigures({ testAccuracy, testRmse, testMae, testR2, testLoss }: TestFigures): string[] {
  const named = { Accuracy: testAccuracy, RMSE: testRmse, MAE: testMae, 'R²': testR2, Loss: testLoss };
  return Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`Test ${name}: ${formatFigure(name, value)}`],
  );
}

type TestFigures = {
  readonly [Key in 'testAccuracy' | 'testRmse' | 'testMae' | 'testR2' | 'testLoss']?: number;
};

/** Which network is kept, and why training has ended. */
function keptEpoch(epochs: number, best: number, started: StartEvent | undefined): string {
  if (started === undefined || epochs >= lastEpoch(started.config))
    return `The network of epoch ${best} is kept, the best one on the validation samples.`;
  const why = `no later one was better than epoch ${best} on the validation samples`;
  return `Stopped early, after epoch ${epochs}: ${why}. The network of epoch ${best} is kept.`;
}

/** That the last network is kept, without `patience`, and whether an earlier one was better. */
function keptLast(epochs: number, validated: readonly EpochEvent[]): string {
  const kept = `The network of the last epoch, ${epochs}, is kept`;
  const best = library.results().bestValidated(validated)?.epoch;
  if (best === undefined || best === epochs) return `${kept}.`;
  return `${kept}. That of epoch ${best} was better on the validation samples; --patience N keeps the best one.`;
}

/** Update rules that divide by the size of the gradients, and a rate at which they rarely learn. */
const ADAPTIVE = ['rmsprop', 'adam', 'adamw'];
const LARGE_RATE = 0.03;

/** Why a learning rate is doubtful from the start. */
function doubtfulRate({ optimizer, lr }: Config): string | undefined {
  if (!ADAPTIVE.includes(optimizer) || lr < LARGE_RATE) return undefined;
  const why = 'every step changes each weight by about that much';
  return `A learning rate of ${lr} is large for ${optimizer}, because ${why}; try --lr 0.001.`;
}

/** After so many steps, the loss says something. */
const ENOUGH_STEPS = 20;

/** Whether the loss of the first epoch so far is more than twice that of guessing, the logarithm of the classes. */
function isTooFast({ epoch, step, runningLoss }: StepEvent, started: StartEvent | undefined): boolean {
  const classes = started?.widths.at(-1) ?? 0;
  if (runningLoss === undefined || epoch > 1 || step < ENOUGH_STEPS || classes < 2) return false;
  return runningLoss > 2 * Math.log(classes) && started?.config.loss === undefined;
}

const shownFigure = ({ name, value }: JudgedFigure) => `${name}: ${formatFigure(name, value)}`;

/** The data and the network of a run, in lines. */
export function dataLines(event: RunOutline): string[] {
  const { dataset, trainSamples, valSamples, testSamples, parameters, widths, config } = event;
  const learned = [
    `${formatCount(trainSamples)} training`,
    ...(valSamples === undefined ? [] : [`${formatCount(valSamples)} validation`]),
  ];
  return [
    `Data:    ${dataset}, ${learned.join(', ')} and ${formatCount(testSamples)} test samples`,
    ...columnLines(event),
    `Model:   ${widths.join('-')}, ${config.activation}, ${plural(parameters, 'parameter')}`,
  ];
}

/** What a run is, in a few lines. @param width the width that they should fit into */
export function describeRun(event: RunOutline & Pick<StartEvent, 'resumed'>, width = Infinity): string {
  const { trainSamples, config, resumed } = event;
  const steps = plural(Math.ceil(trainSamples / config.batchSize), 'step');
  const length = `${plural(lastEpoch(config), 'epoch')} of ${steps}`;
  return [
    ...dataLines(event),
    `Train:   ${length}, batch size ${formatCount(config.batchSize)}, ${config.optimizer}, ` +
      `learning rate ${config.lr}, seed ${config.seed}`,
    ...(beyondThePost(config).length > 0 ? [`With:    ${beyondThePost(config).join(', ')}`] : []),
    ...(resumed ? [`         resumes after step ${formatCount(resumed.step)}, in epoch ${resumed.epoch + 1}`] : []),
  ]
    .map((line) => wrapped(line, width))
    .join('\n');
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
  let lastLoss: number | undefined;
  return {
    begin: (event: StartEvent) => {
      run = event;
      runStarted = performance.now();
    },
    step: ({ epoch, step, samples, runningLoss }: StepEvent) => {
      lastLoss = runningLoss ?? (epoch === shown ? lastLoss : undefined);
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
      const loss = lastLoss === undefined ? '' : `loss ${formatShare(lastLoss)}, `;
      bar.update(
        batch,
        `${loss}${formatCount(rate)} samples/s, ${formatSeconds(left)} left, ${batch}/${batches} batches`,
      );
    },
    stop: bar.stop,
  };
}
