import type { Terminal } from './terminal';

/** A progress bar on stderr; nothing if stderr is not a terminal. */
export interface ProgressBar {
  /** Shows a bar after `label`, in place of the previous one. */
  readonly start: (label: string, total: number) => void;
  /** Shows `note` after the bar. */
  readonly update: (value: number, note: string) => void;
  /** Erases the bar, so that lines can be printed. */
  readonly stop: () => void;
}

/** From this width on, the bar is long. */
const WIDE = 100;

/** Creates a progress bar on stderr. The caller must stop it, also after an error. */
export function createProgressBar({ progress, err }: Terminal): ProgressBar {
  if (!progress) return { start() {}, update() {}, stop() {} };
  const { SingleBar, Presets } = require('cli-progress') as typeof import('cli-progress');
  const width = progress.columns ?? WIDE;
  const barsize = width < WIDE ? 8 : 24;
  let left = 0;
  const bar = new SingleBar(
    {
      stream: progress,
      format: `{label} ${err.cyan('{bar}')} {percentage}% {note}`,
      barsize,
      clearOnComplete: true,
      // The cursor stays visible, because a killed process could not restore it.
      hideCursor: false,
    },
    Presets.shades_classic,
  );
  return {
    start(label, total) {
      bar.stop();
      // The percentage and the spaces between take 8 columns.
      left = Math.max(0, width - label.length - barsize - 8);
      bar.start(total, 0, { label, note: '' });
    },
    // A line that wraps cannot be redrawn: what does not fit is left out, from the last comma on.
    update: (value, note) =>
      bar.update(value, { note: note.length <= left ? note : note.slice(0, left).replace(/,[^,]*$/, '') }),
    stop: () => bar.stop(),
  };
}
