/** Wakes the one who waits, also when it rang before they came. Unlike a race of promises it keeps nothing alive. */
export interface AutoResetEvent {
  readonly set: () => void;
  /** @param atMostMs wakes then in any case */
  readonly wait: (atMostMs?: number) => Promise<void>;
}

/** An alarm that has not isSet. */
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
