import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { HandgradError } from '../errors';
import type { Parameter } from '../model/architecture';
import { readParameters } from '../model/parameters';
import { train, type TrainOptions } from '../training/train';
import { bestNetwork, disposeState, type TrainState } from '../training/trainState';
import type { RunRecords } from './checkpoint';
import { createCheckpointer } from './checkpointer';
import type { RunEvent, StartEvent } from './events';
import { assertExpectations } from './expectations';
import { assertStepFits, explainOutOfMemory, stepSize } from './memory';
import { modelConfig } from './modelConfig';
import { recordDivergence } from './runFolder';
import { runFacts } from './runFacts';
import type { RunParts } from './runParts';
import { identityOf } from './samples';
import { openTensorBoard, type TensorBoard } from './tensorboard/recorder';
import { trainOptions } from './trainOptions';

/** How often to yield to the event loop, in milliseconds: steps block signals and redrawing. */
const TURN_MS = 50;

/** Trains an opened run: see `Run.train`. */
export async function* trainRun(
  parts: RunParts,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunEvent, void, void> {
  const { config, dataset, samples, backend, folder, checkpoints, lock } = parts;
  const size = stepSize(parts);
  let options: TrainOptions | undefined;
  let board: TensorBoard | undefined;
  try {
    assertStepFits(size, backend);
    options = trainOptions(parts);
    const { state } = options;
    board = await openTensorBoard(parts, options);
    const recorded = modelConfig(config, dataset);
    const { content: events } = board;
    const { resumePoint } = parts;
    let rows = resumePoint?.found?.checkpoint.records?.metrics.rows ?? resumePoint?.epochs.length ?? 0;
    const { flush: flushEvents } = board;
    const flush = () => Promise.all([folder.flush(), flushEvents()]);
    const saving = createCheckpointer({
      ...{ state, lock, folder: checkpoints, every: config.checkpointEvery, modelConfig: recorded },
      ...{ identity: identityOf(dataset, samples, backend), earlier: parts.resumePoint?.epochs ?? [] },
      // On disk first: a checkpoint never includes an epoch that the records lack after a power failure.
      records: async () => {
        await flush();
        return { metrics: { rows, ...folder.metrics() }, ...withEvents(events()) };
      },
    });
    // Neither ended nor failed: a consumer that stops now may want to resume.
    let underway = true;
    try {
      yield startEvent(parts, state);
      let turned = performance.now();
      for await (const event of train(options)) {
        if (event.type === 'step') {
          await saving.step();
          yield event;
          if (saving.isBusy() || performance.now() - turned > TURN_MS) {
            await setImmediate();
            turned = performance.now();
          }
          if (!signal?.aborted) continue;
          await saving.now();
          yield { type: 'stopped', epoch: event.epoch, step: event.step, runDir: folder.dir };
          return;
        }
        if (event.type === 'log') {
          // Before the event of the step, after which a checkpoint may be taken.
          await board.record(event);
          await folder.appendMetrics(event);
          rows++;
          yield event;
          continue;
        }
        if (event.type === 'epoch') {
          // Recorded before it is saved: see `records`.
          await board.record(event);
          await folder.appendMetrics(event);
          rows++;
          await saving.epoch(event);
          yield event;
          continue;
        }
        // Saved before the end is recorded: a run that is extended later continues from here.
        await saving.now();
        await board.record(event);
        await folder.saveModel({
          parameters: await readNetwork(state),
          config: { ...recorded, ...(await readNormalization(state)) },
        });
        const end = { ...event, runDir: folder.dir };
        // This line implies that the model and the events are complete.
        await flush();
        await folder.appendMetrics(end);
        await folder.seal(events()?.file);
        underway = false;
        yield end;
        assertExpectations(config, end);
      }
    } catch (error) {
      underway = false;
      throw error;
    } finally {
      if (underway) {
        await saving.now();
        // Also where the state was saved before the last records.
        await flush();
      }
      await saving.settle();
    }
  } catch (error) {
    await recordDivergence(error, folder);
    throw diverged(explainOutOfMemory(error, size, backend), checkpoints.newest(), folder.dir);
  } finally {
    await board?.close();
    await folder.close();
    if (options) disposeState(options.state);
  }
}

const withEvents = (events: RunRecords['events']) => (events === undefined ? {} : { events });

/** The trained network, as plain data. */
async function readNetwork(state: TrainState): Promise<Parameter[]> {
  const network = bestNetwork(state);
  try {
    return await readParameters(network);
  } finally {
    tf.dispose(network);
  }
}

/**
 * The normalization of the inputs, for the record: it is folded into the saved W1 and b1, and must not be applied
 * again.
 */
async function readNormalization({ normalization }: TrainState): Promise<object> {
  if (!normalization) return {};
  const [mean, std] = await Promise.all([normalization.mean.data(), normalization.std.data()]);
  return { foldedNormalization: { mean: Array.from(mean), std: Array.from(std) } };
}

function startEvent(parts: RunParts, state: TrainState): StartEvent {
  return {
    type: 'start',
    ...runFacts(parts, parts.backend),
    runDir: parts.folder.dir,
    ...(parts.resumePoint && { resumed: { epoch: state.epoch, step: state.step } }),
  };
}

/** Adds the last valid state to the error of a divergence; returns other errors unchanged. */
function diverged(error: unknown, good: string | undefined, dir: string): unknown {
  if (!(error instanceof HandgradError) || error.kind !== 'diverged') return error;
  const left = good ? `the last valid state is kept in ${good}` : `no state was saved in ${dir}`;
  return new HandgradError('diverged', `${error.message.replace(/\.$/, '')}; ${left}.`, { cause: error });
}
