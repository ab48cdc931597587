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

/** Creates a progress bar on stderr. The caller must stop it, also after an error. */
export function createProgressBar({ progress, err }: Terminal): ProgressBar {
  if (!progress) return { start() {}, update() {}, stop() {} };
  const { SingleBar, Presets } = require('cli-progress') as typeof import('cli-progress');
  const bar = new SingleBar(
    {
      stream: progress,
      format: `{label} ${err.cyan('{bar}')} {percentage}% {note}`,
      barsize: 24,
      clearOnComplete: true,
      // The cursor stays visible, because a killed process could not restore it.
      hideCursor: false,
    },
    Presets.shades_classic,
  );
  return {
    start(label, total) {
      bar.stop();
      bar.start(total, 0, { label, note: '' });
    },
    update: (value, note) => bar.update(value, { note }),
    stop: () => bar.stop(),
  };
}
