import type { About } from './about';
import { type Engine, startEngine } from './engine/client';
import type { View } from './engine/questions';
import type { Progress } from './engine/worker';
import { readSettings, sameTraining, type Settings, withinLimits, writeSettings } from './settings';

/** An image of the training set. */
export interface Example {
  readonly row: number;
  readonly pixels: Float32Array;
}

/** What the parts of the page share. */
export interface Book {
  readonly about: About;
  settings(): Settings;
  /** Changes settings, within their limits, and the address with them; those of the training start it again. */
  change(part: Partial<Settings>): void;
  /** Asks the worker, once it is ready. */
  readonly ask: Engine['ask'];
  /** The name of the backend; rejects when none runs. */
  readonly opened: Promise<string>;
  /** One image of each class. */
  readonly examples: Promise<readonly Example[]>;
  /** The images of the figures: the chosen one, and three more. */
  classes(): readonly number[];
  rows(): Promise<readonly number[]>;
  /** Called with every new view of these images, and at once with the last one. */
  onView(listener: (view: View) => void): void;
  onProgress(listener: (progress: Progress) => void): void;
  onSettings(listener: (settings: Settings) => void): void;
}

/** Milliseconds between two views while a network trains. */
const VIEW_EVERY = 250;
/** Browsers limit how often an address may change. */
const ADDRESS_EVERY = 400;

/** Reads the address, and starts the worker. */
export function openBook(about: About): Book {
  let settings = readSettings(location.search);
  const views: ((view: View) => void)[] = [];
  const progresses: ((progress: Progress) => void)[] = [];
  const changes: ((settings: Settings) => void)[] = [];
  let view: View | undefined;
  let addressTimer: ReturnType<typeof setTimeout> | undefined;

  const engine = startEngine((progress) => {
    for (const listener of progresses) listener(progress);
    if (progress.type === 'step') lookSoon();
    else look();
  });
  const opened = engine.ask('open', about, settings);
  // Where no backend runs, the bar says so, and the figures wait for good.
  const ready = new Promise<Awaited<typeof opened>>((resolve) => void opened.then(resolve, () => {}));
  const ask: Engine['ask'] = (name, ...args) => ready.then(() => engine.ask(name, ...args));
  const examples = ready.then((found) => found.examples);

  const classes = () => [0, 1, 2, 3].map((more) => (settings.image + more) % 10);
  const rows = async () => {
    const found = await examples;
    return classes().map((label) => found[label]!.row);
  };

  const look = oneAtATime(async () => {
    view = await ask('look', await rows(), settings.unit);
    for (const listener of views) listener(view);
  });
  const lookSoon = atMostEvery(VIEW_EVERY, look);
  look();

  return {
    about,
    settings: () => settings,
    change(part) {
      const before = settings;
      settings = withinLimits({ ...settings, ...part });
      clearTimeout(addressTimer);
      addressTimer = setTimeout(() => {
        history.replaceState(null, '', `${location.pathname}${writeSettings(settings)}${location.hash}`);
      }, ADDRESS_EVERY);
      if (sameTraining(before, settings)) look();
      else void ask('reset', settings);
      for (const listener of changes) listener(settings);
    },
    ask,
    opened: opened.then(({ name }) => name),
    examples,
    classes,
    rows,
    onView(listener) {
      views.push(listener);
      if (view) listener(view);
    },
    onProgress: (listener) => void progresses.push(listener),
    onSettings: (listener) => void changes.push(listener),
  };
}

/** Milliseconds after which a figure draws itself for the first time although it is not on the screen. */
const UNSEEN_AFTER = 2000;

/**
 * A listener that draws what is on the screen; what comes meanwhile is drawn when it is scrolled to, or printed. The
 * first value is drawn in any case.
 * @param element the figure
 */
export function whenSeen<T = void>(element: Element, draw: (value: T) => void): (value: T) => void {
  let seen = false;
  let waiting: { value: T } | undefined;
  const drawWaiting = () => {
    if (!waiting) return;
    const { value } = waiting;
    waiting = undefined;
    draw(value);
  };
  new IntersectionObserver(
    (entries) => {
      seen = entries.at(-1)!.isIntersecting;
      if (seen) drawWaiting();
    },
    { rootMargin: '300px' },
  ).observe(element);
  let first = true;
  addEventListener('beforeprint', drawWaiting);
  return (value) => {
    waiting = { value };
    if (seen) drawWaiting();
    else if (first) setTimeout(drawWaiting, UNSEEN_AFTER);
    first = false;
  };
}

/** Calls a function at most once in so many milliseconds; it is called once more after the last wish. */
export function atMostEvery(milliseconds: number, work: () => void): () => void {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    timer = undefined;
    last = performance.now();
    work();
  };
  return () => (timer ??= setTimeout(run, Math.max(0, last + milliseconds - performance.now())));
}

/** Calls a function that takes time again and again, but not before the last call has ended; the last wish counts. */
export function oneAtATime(work: () => Promise<void>): () => void {
  let busy = false;
  let again = false;
  const run = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
    }
    if (again) {
      again = false;
      await run();
    }
  };
  return () => void run();
}
