import type { Command } from './commands/command';

interface Listed {
  /** The command and its positional arguments, as yargs reads them. */
  readonly usage: string;
  readonly describe: string;
  /** Loads the command's file, which is done only when the command is asked for: the program's own --help waits for none. */
  readonly load: () => { readonly command: Command };
}

/** Every command, by name, in the order of help. */
export const COMMANDS = {
  download: {
    usage: 'download [dataset]',
    describe: 'fetch and verify a data set',
    load: () => require('./commands/download') as typeof import('./commands/download'),
  },
  train: {
    usage: 'train',
    describe: 'train a network; downloads the data first when it is missing',
    load: () => require('./commands/train') as typeof import('./commands/train'),
  },
  evaluate: {
    usage: 'evaluate <MODEL>',
    describe: 'loss, accuracy, per-class figures and confusion matrix of a trained network',
    load: () => require('./commands/evaluate') as typeof import('./commands/evaluate'),
  },
  predict: {
    usage: 'predict <MODEL> [IMAGE..]',
    describe: 'classify PNG and JPEG images, or samples of the test set',
    load: () => require('./commands/predict') as typeof import('./commands/predict'),
  },
  sweep: {
    usage: 'sweep [FILE] [SWEEP]',
    describe: 'search hyperparameters: many trials from one YAML file, here or on many machines',
    load: () => require('./commands/sweep') as typeof import('./commands/sweep'),
  },
  worker: {
    usage: 'worker [SWEEP]',
    describe: 'train the trials of sweeps that wait in a queue',
    load: () => require('./commands/worker') as typeof import('./commands/worker'),
  },
  report: {
    usage: 'report <PATH..>',
    describe: 'render a run, several runs or a sweep to one HTML page',
    load: () => require('./commands/report') as typeof import('./commands/report'),
  },
  export: {
    usage: 'export <MODEL> [OUT]',
    describe: 'write a trained network for other tools: TensorFlow.js, ONNX Runtime, PyTorch, a web page',
    load: () => require('./commands/export') as typeof import('./commands/export'),
  },
  gradcheck: {
    usage: 'gradcheck',
    describe: 'check the hand-written gradients by finite differences',
    load: () => require('./commands/gradcheck') as typeof import('./commands/gradcheck'),
  },
  doctor: {
    usage: 'doctor',
    describe: 'say what this machine can run, and what to do about what it cannot',
    load: () => require('./commands/doctor') as typeof import('./commands/doctor'),
  },
  setup: {
    usage: 'setup <engine>',
    describe: 'build the native engine against an installed TensorFlow',
    load: () => require('./commands/setup') as typeof import('./commands/setup'),
  },
  bench: {
    usage: 'bench',
    describe: 'time training on every engine here, beside the peers that are installed',
    load: () => require('./commands/bench') as typeof import('./commands/bench'),
  },
} satisfies Record<string, Listed>;
