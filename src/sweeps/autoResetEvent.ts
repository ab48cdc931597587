/**
 * An auto-reset event: `set` wakes the waiter, or lets the next `wait` return at once. Unlike `Promise.race`, it keeps
 * no reference to earlier waits.
 */
export interface AutoResetEvent {
  readonly set: () => void;
  /** @param atMostMs the timeout, in milliseconds; none when omitted */
  readonly wait: (atMostMs?: number) => Promise<void>;
}

/** Creates an auto-reset event that is not set. */
export function createAutoResetEvent(): AutoResetEvent {
  let isSet = false;
  let wake: (() => void) | undefined;
  return {
    set() {
      isSet = true;
      wake?.();
    },
    async wait(atMostMs) {
      let timer: NodeJS.Timeout | undefined;
      if (!isSet) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (atMostMs !== undefined) timer = setTimeout(resolve, atMostMs);
        });
      }
      clearTimeout(timer);
      isSet = false;
      wake = undefined;
    },
  };
}
