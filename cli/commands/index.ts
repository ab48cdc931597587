import type { ListedCommand } from '../arguments/command';
import type { CommandName } from '../commandNames';

/** Every command, by name. */
export const COMMANDS = {
  download: {
    usage: 'download [dataset]',
    describe: 'fetch and verify a data set',
    load: () => require('./download') as typeof import('./download'),
  },
  train: {
    usage: 'train',
    describe: 'train a network; downloads the data first when it is missing',
    load: () => require('./train') as typeof import('./train'),
  },
  evaluate: {
    usage: 'evaluate <MODEL>',
    describe: 'loss, accuracy, per-class figures and confusion matrix of a trained network',
    load: () => require('./evaluate') as typeof import('./evaluate'),
  },
  predict: {
    usage: 'predict <MODEL> [IMAGE..]',
    describe: 'classify PNG and JPEG images, or samples of the test set',
    load: () => require('./predict') as typeof import('./predict'),
  },
  sweep: {
    usage: 'sweep [FILE] [SWEEP]',
    describe: 'search hyperparameters: many trials from one YAML file, here or on many machines',
    load: () => require('./sweep') as typeof import('./sweep'),
  },
  worker: {
    usage: 'worker [SWEEP]',
    describe: 'train the trials of sweeps that wait in a queue',
    load: () => require('./sweep/worker') as typeof import('./sweep/worker'),
  },
  report: {
    usage: 'report <PATH..>',
    describe: 'render a run, several runs or a sweep to one HTML page',
    load: () => require('./report') as typeof import('./report'),
  },
  export: {
    usage: 'export <MODEL> [OUT]',
    describe: 'write a trained network for other tools: TensorFlow.js, ONNX Runtime, PyTorch, a web page',
    load: () => require('./export') as typeof import('./export'),
  },
  gradcheck: {
    usage: 'gradcheck',
    describe: 'check the hand-written gradients by finite differences',
    load: () => require('./gradcheck') as typeof import('./gradcheck'),
  },
  doctor: {
    usage: 'doctor',
    describe: 'say what this machine can run, and what to do about what it cannot',
    load: () => require('./doctor') as typeof import('./doctor'),
  },
  setup: {
    usage: 'setup <backend>',
    describe: 'build the tensorflow backend against an installed TensorFlow',
    load: () => require('./setup') as typeof import('./setup'),
  },
  bench: {
    usage: 'bench',
    describe: 'time training on every backend here, beside the peers that are installed',
    load: () => require('./bench') as typeof import('./bench'),
  },
} satisfies Record<CommandName, ListedCommand>;
