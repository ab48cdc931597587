/** Wakes the one who waits, also when it rang before they came. Unlike a race of promises it keeps nothing alive. */
export interface Alarm {
  readonly ring: () => void;
  /** @param atMostMs wakes then in any case */
  readonly wait: (atMostMs?: number) => Promise<void>;
}

/** An alarm that has not rung. */
export function createAlarm(): Alarm {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(atMostMs) {
      let timer: NodeJS.Timeout | undefined;
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (atMostMs !== undefined) timer = setTimeout(resolve, atMostMs);
        });
      }
      clearTimeout(timer);
      rung = false;
      wake = undefined;
    },
  };
}
