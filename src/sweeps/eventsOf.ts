import { createAutoResetEvent } from './autoResetEvent';

/**
 * Turns the events that `work` emits into an async generator: in order, and none lost while the consumer is busy.
 * @param work gets a function that emits an event, and a signal that is aborted when `signal` is, or when the consumer
 *   leaves the loop; it is always awaited
 * @throws whatever `work` throws, after its events
 */
export async function* eventsOf<Event>(
  work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): AsyncGenerator<Event, void, void> {
  const left = new AbortController();
  const events: Event[] = [];
  const changed = createAutoResetEvent();
  let ended = false;
  const emit = (event: Event) => {
    events.push(event);
    changed.set();
  };
  const working = work(emit, signal ? AbortSignal.any([signal, left.signal]) : left.signal).finally(() => {
    ended = true;
    changed.set();
  });
  // Rethrown below, once its events have been yielded.
  working.catch(() => undefined);
  try {
    for (;;) {
      while (events.length > 0) yield events.shift()!;
      if (ended) break;
      await changed.wait();
    }
    await working;
  } finally {
    left.abort();
    await working.catch(() => undefined);
  }
}
