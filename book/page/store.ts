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
  /** Called when one of these settings was changed, or was to be and was outside its limits. */
  onSettings(names: readonly (keyof Settings)[], listener: (settings: Settings) => void): void;
  /** Pauses the training, and waits until every figure shows the network as it then is. */
  settle(): Promise<void>;
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
  const changes: { names: readonly (keyof Settings)[]; listener: (settings: Settings) => void }[] = [];
  let asked = 0;
  let view: View | undefined;

  const engine = startEngine((progress) => {
    for (const listener of progresses) listener(progress);
    if (progress.type === 'step') lookSoon();
    else look();
  });
  const opened = engine.ask('open', about, settings);
  // Where no backend runs, the bar says so, and the figures wait for good.
  const ready = new Promise<Awaited<typeof opened>>((resolve) => void opened.then(resolve, () => {}));
  const ask: Engine['ask'] = async (name, ...args) => {
    await ready;
    asked++;
    return engine.ask(name, ...args).finally(() => asked--);
  };
  const examples = ready.then((found) => found.examples);

  const writeAddress = whenQuiet(ADDRESS_EVERY, () => {
    history.replaceState(null, '', `${location.pathname}${writeSettings(settings)}${location.hash}`);
  });

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
      writeAddress();
      const touched = (names: readonly (keyof Settings)[]) => {
        return names.some((name) => name in part || before[name] !== settings[name]);
      };
      if (!sameTraining(before, settings)) void ask('reset', settings);
      else if (touched(['image', 'unit'])) look();
      for (const { names, listener } of changes) if (touched(names)) listener(settings);
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
    onSettings: (names, listener) => void changes.push({ names, listener }),
    async settle() {
      await ask('pause');
      do {
        for (const work of [...putOff]) work();
        await new Promise((resolve) => setTimeout(resolve, 50));
      } while (putOff.size > 0 || asked > 0);
    },
  };
}

/** Work that waits: for its figure to be on the screen, or for some time to pass. */
const putOff = new Set<() => void>();

/** Milliseconds without news after which a figure that is not on the screen draws, if the training rests. */
const UNSEEN_AFTER = 2000;

/** Whether the network trains: the bar says so. */
const isTraining = () => document.body.dataset['running'] === 'true';

/**
 * A listener that draws what is on the screen. What is not is drawn when it is scrolled to, or the training rests.
 * @param element the figure
 * @param prints whether it draws before the page is printed: what it draws must then be there when it returns
 */
export function whenSeen<T = void>(element: Element, draw: (value: T) => void, prints = true): (value: T) => void {
  let seen = false;
  let waiting: { value: T } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drawWaiting = () => {
    clearTimeout(timer);
    putOff.delete(drawWaiting);
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
  if (prints) addEventListener('beforeprint', drawWaiting);
  return (value) => {
    waiting = { value };
    if (seen) return drawWaiting();
    putOff.add(drawWaiting);
    const drawAtRest = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (isTraining() ? drawAtRest() : drawWaiting()), UNSEEN_AFTER);
    };
    drawAtRest();
  };
}

/** `whenSeen` for a figure that asks the worker for what it draws: one question at a time. */
export function askWhenSeen(element: Element, ask: () => Promise<void>): () => void {
  return whenSeen<void>(element, oneAtATime(ask), false);
}

/** Calls a function at most once in so many milliseconds; it is called once more after the last wish. */
export function atMostEvery(milliseconds: number, work: () => void): () => void {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    clearTimeout(timer);
    timer = undefined;
    putOff.delete(run);
    last = performance.now();
    work();
  };
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(run, Math.max(0, last + milliseconds - performance.now()));
    putOff.add(run);
  };
}

/** Calls a function when it has not been wished for so many milliseconds: what changed has come to rest. */
export function whenQuiet(milliseconds: number, work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    clearTimeout(timer);
    putOff.delete(run);
    work();
  };
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
    putOff.add(run);
  };
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
