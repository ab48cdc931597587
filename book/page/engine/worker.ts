import { HandgradError } from '../../../src/errors';
import type { About } from '../about';
import type { Settings, TrainingSettings } from '../settings';
import { startBackend } from './backend';
import { pixelsOf, QUESTIONS, type Session } from './questions';
import { loadSamples } from './samples';
import { type Advance, startTraining } from './training';

// Everything that computes runs in this worker, so that the page moves while a network trains. One job at a time: a
// training step, or the answer to a question; between two, messages arrive.

/** What the worker reports without being asked. */
export type Progress = Advance | { readonly type: 'reset' } | { readonly type: 'diverged'; readonly message: string };

let session: Session | undefined;
let running = false;

/** What controls the training, by name. */
const CONTROLS = {
  /** Loads the backend and the data. @returns the name of the backend, and the first training image of each class */
  open: async (about: About, settings: Settings) => {
    const [name, samples] = await Promise.all([startBackend(settings.backend), loadSamples(about)]);
    session = { samples, training: startTraining(samples, settings) };
    const examples = about.classNames.map((_, label) => {
      const row = Math.max(0, samples.train.labels.indexOf(label));
      return { row, pixels: pixelsOf(samples.train, row) };
    });
    return { name, examples };
  },
  /** Trains until `pause`. */
  run: (): void => {
    if (running) return;
    running = true;
    void trainOn();
  },
  pause: (): void => {
    running = false;
  },
  /** One step. */
  step: async (): Promise<void> => {
    running = false;
    while ((await advance())?.type === 'epoch');
  },
  /** From the start, with other settings. */
  reset: async (settings: TrainingSettings): Promise<void> => {
    running = false;
    const { samples, training } = session!;
    await training.dispose();
    session = { samples, training: startTraining(samples, settings) };
    report({ type: 'reset' });
  },
};

/** The questions as the page asks them: without the session. */
type Asked<Q> = Q extends (session: Session, ...args: infer A) => infer R ? (...args: A) => R : never;
type Answered<F> = F extends (...args: infer A) => infer R ? (...args: A) => Awaited<R> : never;

/** Everything that the page may ask this worker, and what it answers. */
export type Requests = {
  [N in keyof typeof CONTROLS]: Answered<(typeof CONTROLS)[N]>;
} & { [N in keyof typeof QUESTIONS]: Answered<Asked<(typeof QUESTIONS)[N]>> };

/** A request, and its answer. */
export type Request = { readonly id: number; readonly name: keyof Requests; readonly args: readonly unknown[] };
export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: Progress };

const report = (progress: Progress) => postMessage({ progress } satisfies Reply);

let jobs: Promise<unknown> = Promise.resolve();

function inTurn<R>(job: () => R | Promise<R>): Promise<R> {
  const turn = jobs.then(job);
  jobs = turn.catch(() => {});
  return turn;
}

async function advance(): Promise<Advance | undefined> {
  try {
    const event = await session!.training.advance();
    report(event);
    return event;
  } catch (error) {
    running = false;
    if (!(error instanceof HandgradError)) throw error;
    report({ type: 'diverged', message: error.message });
    return undefined;
  }
}

const { port1: here, port2: there } = new MessageChannel();

/** Lets messages in. (A timer would wait for 4 ms.) */
const nextTask = () =>
  new Promise((resolve) => {
    here.onmessage = resolve;
    there.postMessage(null);
  });

async function trainOn(): Promise<void> {
  while (running) {
    await inTurn(() => (running ? advance() : undefined));
    await nextTask();
  }
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  const { id, name, args } = data;
  const job = (): unknown =>
    Object.hasOwn(CONTROLS, name)
      ? Reflect.apply(CONTROLS[name as keyof typeof CONTROLS], CONTROLS, args)
      : Reflect.apply(QUESTIONS[name as keyof typeof QUESTIONS], QUESTIONS, [session, ...args]);
  // A pause does not wait for its turn.
  if (name === 'pause') running = false;
  inTurn(job).then(
    (answer) => postMessage({ id, answer } satisfies Reply),
    (error: unknown) =>
      postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies Reply),
  );
});
