import type { Command } from '../arguments/command';
import type { CommandName } from '../commandNames';

/** All commands; each file is loaded on first use. */
export const COMMANDS = {
  download: () => (require('./download') as typeof import('./download')).command,
  describe: () => (require('./describe') as typeof import('./describe')).command,
  train: () => (require('./train') as typeof import('./train')).command,
  evaluate: () => (require('./evaluate') as typeof import('./evaluate')).command,
  predict: () => (require('./predict') as typeof import('./predict')).command,
  sweep: () => (require('./sweep') as typeof import('./sweep')).command,
  worker: () => (require('./sweep/worker') as typeof import('./sweep/worker')).command,
  runs: () => (require('./runs') as typeof import('./runs')).command,
  serve: () => (require('./serve') as typeof import('./serve')).command,
  report: () => (require('./report') as typeof import('./report')).command,
  export: () => (require('./export') as typeof import('./export')).command,
  gradcheck: () => (require('./gradcheck') as typeof import('./gradcheck')).command,
  'find-lr': () => (require('./findLr') as typeof import('./findLr')).command,
  doctor: () => (require('./doctor') as typeof import('./doctor')).command,
  setup: () => (require('./setup') as typeof import('./setup')).command,
  bench: () => (require('./bench') as typeof import('./bench')).command,
  completion: () => (require('./completion') as typeof import('./completion')).command,
} satisfies Record<CommandName, () => Command>;
