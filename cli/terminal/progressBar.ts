import type { Terminal } from './terminal';

/** One line that moves, on stderr; nothing at all where that is no terminal. */
export interface ProgressBar {
  /** Shows a bar, in place of the one shown before. `label` stands before it. */
  readonly start: (label: string, total: number) => void;
  /** `note` stands after it. */
  readonly update: (value: number, note: string) => void;
  /** Takes it off the screen, so that lines can be printed. */
  readonly stop: () => void;
}

/** A progress bar on the terminal's stderr. Whoever starts it has to stop it, whatever happens. */
export function createProgressBar({ progress, err }: Terminal): ProgressBar {
  if (!progress) return { start() {}, update() {}, stop() {} };
  const { SingleBar, Presets } = require('cli-progress') as typeof import('cli-progress');
  const bar = new SingleBar(
    {
      stream: progress,
      format: `{label} ${err.cyan('{bar}')} {percentage}% {note}`,
      barsize: 24,
      clearOnComplete: true,
      // The cursor stays visible: a process that is killed could not bring it back.
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
