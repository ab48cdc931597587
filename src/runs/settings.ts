import type { BackendName } from '../backends';
import { MAX_THREADS } from '../backends/backend';
import type { Task } from '../data/samples';
import type { MissingLabels } from '../data/tables/label';
import { choice, fraction, type Kind, list, number, boolean, oneOf, positive, text, wholeNumber } from '../kinds';
import type { ActivationName } from '../nn/activations';
import type { InitializerName } from '../nn/initialize';
import type { LossName } from '../nn/losses';
import type { OptimizerName } from '../optim/optimizers';
import type { ScheduleName } from '../optim/schedules';
import type { OnNan } from '../training/finite';
import { CHECKPOINT_EVERY_RULE, isCheckpointEvery } from './checkpointEvery';
import { CLASS_WEIGHTS_RULE, isClassWeights } from './classWeights';

/** The description of a setting, beside its kind. */
export interface SettingDescription {
  /** Without it, the setting is undefined unless given. */
  readonly default?: unknown;
  /** Its default depends on the value of another setting. */
  readonly defaultBy?: { readonly setting: string; readonly values: Readonly<Record<string, unknown>> };
  /** Its default for tables, in words, where that is another one (see `tableDefaults.ts`). */
  readonly tableDefault?: string;
  /** The heading in help. */
  readonly group: 'Data' | 'Network' | 'Training' | 'Backend' | 'Output';
  /** Settings are named in backticks, as in messages; the command line shows them as flags. */
  readonly help: string;
  /** For a setting that is on by default: what turning it off does. */
  readonly off?: string;
  /** What the setting affects; a command takes the settings that affect what it does. */
  readonly affects: 'fetching' | 'samples' | 'preparation' | 'network' | 'loss' | 'training' | 'backend';
  /** It is about the whole run: the first steps at another learning rate do without. */
  readonly wholeRun?: boolean;
  /** The environment variable that gives its default. */
  readonly variable?: string;
  /** Names in earlier versions, which are still accepted. */
  readonly formerly?: readonly string[];
  /** The setting without which it has no effect, with the values it needs, or the reason. */
  readonly needs?: { readonly setting: string; readonly values?: readonly string[]; readonly why?: string };
  /** It applies to tables only. */
  readonly tables?: true;
  /** The task that it applies to; both by default. */
  readonly task?: Task;
  /** The backends that it applies to; all by default. */
  readonly backends?: readonly BackendName[];
  /** A resumed run may change it. Most settings may not change, because they affect the results. */
  readonly resumable?: true;
  /** False: not recorded in model files, because it does not affect the model. */
  readonly inModel?: false;
  /** False: not shown in comparisons of runs, because it does not explain results. */
  readonly compared?: false;
  /** It tells people about a run, and may also change once the run has finished. */
  readonly label?: true;
  /** Why a sweep cannot set it; most settings can be searched. */
  readonly unsearchable?: string;
  /** It refers to something on the machine that trains. */
  readonly local?: true;
  /** Shown at the start of a run if it differs from the post. */
  readonly shownAtStart?: true;
}

function setting<
  Value,
  const Entry extends SettingDescription & {
    readonly default?: NoInfer<Value>;
    readonly defaultBy?: { readonly setting: string; readonly values: Readonly<Record<string, NoInfer<Value>>> };
  },
>(kind: Kind<Value>, about: Entry): Entry & { readonly kind: Kind<Value> } {
  return { ...about, kind };
}

/** For a setting that does not affect the results of a run. */
const NO_EFFECT_ON_RESULTS = { resumable: true, inModel: false, compared: false } as const;

const OPTIMIZER = choice<OptimizerName>({
  sgd: 'stochastic gradient descent',
  momentum: 'sgd with a velocity',
  nesterov: "momentum with Nesterov's look-ahead",
  rmsprop: 'the gradient divided by its root mean square',
  adam: 'momentum and rmsprop, with bias correction',
  adamw: 'adam with decoupled weight decay',
});
const LOSS = choice<LossName>({
  'cross-entropy': 'for classification',
  mse: 'the mean squared error, for regression',
  huber: 'the squared error up to `huberDelta`, linear beyond, for regression',
});
/** The learning rate of each optimizer, unless another is given. */
const LEARNING_RATES: Readonly<Record<OptimizerName, number>> = {
  sgd: 0.1,
  momentum: 0.01,
  nesterov: 0.01,
  rmsprop: 0.001,
  adam: 0.001,
  adamw: 0.001,
};
const SCHEDULE = choice<ScheduleName>({
  constant: 'the same rate throughout',
  step: 'multiplied by `lrDecay` every `lrDecayEvery` epochs',
  exponential: 'multiplied by `lrDecay` over each epoch',
  cosine: 'half a cosine wave down to 0',
  'one-cycle': 'up, then cosine down to 0',
});
const ACTIVATION = choice<ActivationName>({
  relu: 'max(x, 0)',
  'leaky-relu': 'x, or 0.01 x below 0',
  tanh: 'the hyperbolic tangent',
  sigmoid: '1 / (1 + exp(-x))',
  gelu: "x times the normal distribution's Φ(x)",
  silu: 'x sigmoid(x)',
});
const INIT = choice<InitializerName>({
  normal: 'standard deviation 0.01',
  he: 'standard deviation √(2 / inputs)',
  glorot: 'uniform within √(6 / (inputs + outputs))',
});
const BACKEND = choice<'auto' | BackendName>({
  auto: 'the fastest that runs here',
  cuda: 'an NVIDIA GPU',
  native: 'the CPU, with kernels compiled for it',
  'tensorflow-gpu': 'TensorFlow on an NVIDIA GPU',
  tensorflow: 'TensorFlow on the CPU',
  webgpu: 'any GPU, through WebGPU',
  wasm: 'WebAssembly on the CPU',
  cpu: 'plain JavaScript, which runs everywhere',
});
const TASK = choice<Task>({ classification: 'to which class a row belongs', regression: 'numbers' });
const MISSING_LABELS = choice<MissingLabels>({
  refuse: 'the table is refused, with the line of the first',
  drop: 'they are left out, and counted',
});
const COLUMNS = 'a list of names or positions of columns';
const ON_NAN = choice<OnNan>({ stop: 'the run ends', 'skip-batch': 'the batch is skipped' });

/** The kinds of augmentation. */
const AUGMENTATION = oneOf(['shift', 'flip', 'cutout']);
const AUGMENTATIONS = `a list of ${AUGMENTATION.names!.join(', ')}, each once`;

const atLeast0 = number('a number of at least 0', (value) => value >= 0);

/** Text about a run; an empty one takes it back. */
const labelText = (most: number): Kind<string> => ({
  rule: `a text of at most ${most} characters`,
  read: (value) => value,
  accepts: (value): value is string => typeof value === 'string' && value.length <= most && !value.includes('\0'),
});
const LABEL = { ...NO_EFFECT_ON_RESULTS, label: true, unsearchable: 'it describes a single run' } as const;
const TAGS = 'a list of at most 20 tags, each of at most 64 characters';

const MAX_WIDTH = 65_536;
const WIDTHS = `a list of at most 64 layer widths, each a whole number from 1 to ${MAX_WIDTH}`;

/**
 * Every setting of a run, in the order of a config and of help. The defaults are the post's hyperparameters. Everything
 * that lists settings (flags, config and sweep files, model files, comparisons, docs/settings.md) is derived from this
 * table. It loads no backend and no library: the compiler checks the names against the tables elsewhere.
 */
export const SETTINGS = {
  dataset: setting(text('the name of a data set, a folder, a table such as a CSV file, or -'), {
    default: 'fashion-mnist',
    group: 'Data',
    help: 'the data: NAME, a DIR of IDX files, a table such as FILE.csv, or - for a table on stdin',
    affects: 'samples',
  }),
  dataDir: setting(text('a folder'), {
    group: 'Data',
    help: 'the DIR that keeps data sets',
    affects: 'fetching',
    variable: 'HANDGRAD_DATA_DIR',
    ...NO_EFFECT_ON_RESULTS,
    local: true,
  }),
  source: setting(text('auto, http, apt, npm, a folder or an address'), {
    group: 'Data',
    help: 'where data sets are downloaded from: auto|http|apt|npm, a DIR, or the URL of a mirror',
    affects: 'fetching',
    ...NO_EFFECT_ON_RESULTS,
    local: true,
  }),
  labelColumn: setting(text('the name or position of a column'), {
    group: 'Data',
    help: 'the label column: a NAME, or a position from 0 (-1 is the last); by default the most likely one',
    affects: 'samples',
    tables: true,
  }),
  task: setting(TASK, {
    group: 'Data',
    help: 'what to predict, classes or numbers (default classification)',
    affects: 'preparation',
    tables: true,
  }),
  missingLabels: setting(MISSING_LABELS, {
    group: 'Data',
    help: 'what to do with rows without a label (default refuse)',
    affects: 'samples',
    tables: true,
  }),
  columns: setting(
    list(COLUMNS, text('the name or position of a column'), () => true),
    {
      group: 'Data',
      help: 'the input columns: a list of names or positions; by default all that are useful',
      affects: 'preparation',
      tables: true,
    },
  ),
  drop: setting(
    list(COLUMNS, text('the name or position of a column'), () => true),
    {
      group: 'Data',
      help: 'columns that are not inputs',
      affects: 'preparation',
      tables: true,
    },
  ),
  types: setting(
    list(
      'a list of name=type',
      text('name=type', (value) => value.includes('=')),
      () => true,
    ),
    {
      group: 'Data',
      help: 'types of columns, if other than detected: a list of NAME=number|category|date|identifier',
      affects: 'preparation',
      tables: true,
    },
  ),
  imageShape: setting(
    text('HEIGHTxWIDTH, such as 28x28', (value) => /^[1-9]\d{0,4}x[1-9]\d{0,4}$/.test(value)),
    {
      group: 'Data',
      help: 'the rows are images of HEIGHTxWIDTH pixels from 0 to 255, one a column',
      affects: 'preparation',
      tables: true,
      // The model file has it as a height and a width, as of any images.
      inModel: false,
    },
  ),
  transpose: setting(boolean, {
    group: 'Data',
    help: 'exchange the rows and columns of the images: EMNIST stores them exchanged',
    affects: 'samples',
    shownAtStart: true,
  }),
  sampleWeightColumn: setting(text('the name or position of a column'), {
    group: 'Data',
    help: 'the column of sample weights for the loss',
    affects: 'preparation',
    tables: true,
  }),
  groupColumn: setting(text('the name or position of a column'), {
    group: 'Data',
    help: 'rows with the same value in this column stay together when the data is split',
    affects: 'preparation',
    tables: true,
  }),
  timeColumn: setting(text('the name or position of a column'), {
    group: 'Data',
    help: 'split by time: the latest rows by this column are held out for testing',
    affects: 'preparation',
    tables: true,
  }),
  testFraction: setting(
    number('a number above 0 and below 1', (value) => value > 0 && value < 1),
    {
      group: 'Data',
      help: 'the fraction of the rows held out for testing (default 0.2)',
      affects: 'samples',
      tables: true,
    },
  ),
  folds: setting(wholeNumber(2, 1000), {
    group: 'Data',
    help: 'N-fold cross-validation: train N times, each time with another Nth of the rows for testing',
    affects: 'preparation',
    tables: true,
  }),
  fold: setting(wholeNumber(1, 1000), {
    group: 'Data',
    help: 'train this fold only, from 1',
    affects: 'preparation',
    tables: true,
    needs: { setting: 'folds', why: 'it is the number of one of them' },
  }),
  valFraction: setting(fraction, {
    default: 0,
    group: 'Data',
    help: 'the fraction of the training samples held out for validation; the test set is then used only at the end',
    affects: 'training',
  }),
  limit: setting(wholeNumber(1, 1_000_000_000), {
    group: 'Data',
    help: 'use only the first N training samples',
    affects: 'training',
  }),
  shuffle: setting(boolean, {
    default: true,
    group: 'Data',
    help: 'shuffle the training samples in each epoch',
    off: 'do not shuffle the training samples',
    affects: 'training',
  }),
  normalize: setting(boolean, {
    group: 'Data',
    help:
      'standardize inputs to mean 0 and standard deviation 1: all pixels together (default off), or each column of ' +
      'a table (default on)',
    affects: 'training',
    formerly: ['normalise'],
    shownAtStart: true,
  }),
  augment: setting(
    list(AUGMENTATIONS, { ...AUGMENTATION, rule: AUGMENTATIONS }, (names) => new Set(names).size === names.length),
    {
      default: [],
      group: 'Data',
      help: 'augment the training images, differently in each epoch: a list of shift,flip,cutout',
      affects: 'training',
      shownAtStart: true,
    },
  ),
  shiftPixels: setting(wholeNumber(1, 64), {
    default: 2,
    group: 'Data',
    help: 'the maximum shift, in pixels',
    affects: 'training',
    needs: { setting: 'augment', values: ['shift'] },
  }),
  cutoutPixels: setting(wholeNumber(1, 1024), {
    default: 8,
    group: 'Data',
    help: 'the side of the erased square, in pixels',
    affects: 'training',
    needs: { setting: 'augment', values: ['cutout'] },
  }),
  mixup: setting(
    number('0 or a number from 0.01 to 4', (value) => value === 0 || (value >= 0.01 && value <= 4)),
    {
      default: 0,
      group: 'Data',
      help: 'mixup: mix pairs of samples, with weights from the beta distribution with this parameter, such as 0.2',
      affects: 'training',
      shownAtStart: true,
    },
  ),

  hidden: setting(
    list(WIDTHS, wholeNumber(1, MAX_WIDTH), ({ length }) => length <= 64),
    {
      default: [256],
      tableDefault: '128',
      group: 'Network',
      help: 'width of the hidden layer, or of each: 512,256; "" for none',
      affects: 'network',
    },
  ),
  activation: setting(ACTIVATION, {
    default: 'relu',
    group: 'Network',
    help: 'the activation of the hidden layers',
    affects: 'network',
  }),
  init: setting(INIT, { default: 'normal', group: 'Network', help: 'how weights are initialized', affects: 'network' }),
  batchNorm: setting(boolean, {
    default: false,
    group: 'Network',
    help: 'batch normalization of the hidden layers',
    affects: 'network',
    needs: { setting: 'hidden', why: 'it applies to hidden layers' },
    shownAtStart: true,
  }),
  dropout: setting(fraction, {
    default: 0,
    group: 'Network',
    help: 'the probability that a hidden unit is dropped',
    affects: 'network',
    needs: { setting: 'hidden', why: 'it applies to hidden layers' },
    shownAtStart: true,
  }),
  inputDropout: setting(fraction, {
    default: 0,
    group: 'Network',
    help: 'the probability that an input is dropped',
    affects: 'network',
    shownAtStart: true,
  }),
  initFrom: setting(text('a .safetensors file or a run folder'), {
    group: 'Network',
    help: 'start from the weights in FILE.safetensors, which also give `hidden`',
    affects: 'training',
    local: true,
  }),

  epochs: setting(wholeNumber(1, 1_000_000), {
    default: 10,
    tableDefault: 'by the number of rows',
    group: 'Training',
    help: 'passes over the training samples',
    affects: 'training',
    wholeRun: true,
    resumable: true,
  }),
  stopAfter: setting(wholeNumber(1, 1_000_000), {
    group: 'Training',
    help: 'stop after this epoch; a schedule still follows `epochs`, and the run can be resumed',
    affects: 'training',
    wholeRun: true,
    resumable: true,
    inModel: false,
    unsearchable: 'early_terminate decides where runs stop',
  }),
  batchSize: setting(wholeNumber(1, 1_000_000), {
    default: 256,
    tableDefault: 'by the number of rows',
    group: 'Training',
    help: 'samples per step',
    affects: 'training',
  }),
  loss: setting(LOSS, {
    group: 'Training',
    help: 'the loss that is minimized (default cross-entropy; mse for regression)',
    affects: 'loss',
    shownAtStart: true,
  }),
  huberDelta: setting(positive(1e6, '1e6'), {
    group: 'Training',
    help: 'the residual, in standard deviations of the label, beyond which the loss is linear (default 1)',
    affects: 'loss',
    needs: { setting: 'loss', values: ['huber'] },
  }),
  classWeights: setting(text(CLASS_WEIGHTS_RULE, isClassWeights), {
    group: 'Training',
    help: 'the weights of classes in the loss: balanced, or NAME=WEIGHT,… (1 for the others)',
    affects: 'loss',
    task: 'classification',
    shownAtStart: true,
  }),
  optimizer: setting(OPTIMIZER, {
    default: 'sgd',
    tableDefault: 'adamw',
    group: 'Training',
    help: 'the update rule',
    affects: 'training',
  }),
  lr: setting(positive(1e12, '1e12'), {
    defaultBy: { setting: 'optimizer', values: LEARNING_RATES },
    tableDefault: '0.01',
    group: 'Training',
    help: 'the learning rate',
    affects: 'training',
    wholeRun: true,
  }),
  momentum: setting(fraction, {
    group: 'Training',
    help: 'the decay of the velocity (default 0.9)',
    affects: 'training',
    needs: { setting: 'optimizer', values: ['momentum', 'nesterov'] },
  }),
  beta1: setting(fraction, {
    group: 'Training',
    help: 'the decay of the mean gradient (default 0.9)',
    affects: 'training',
    needs: { setting: 'optimizer', values: ['adam', 'adamw'] },
  }),
  beta2: setting(fraction, {
    group: 'Training',
    help: 'the decay of the mean square (default 0.999; rmsprop 0.99)',
    affects: 'training',
    needs: { setting: 'optimizer', values: ['adam', 'adamw', 'rmsprop'] },
  }),
  epsilon: setting(positive(1), {
    group: 'Training',
    help: 'added to the divisor (default 1e-8)',
    affects: 'training',
    needs: { setting: 'optimizer', values: ['adam', 'adamw', 'rmsprop'] },
  }),
  weightDecay: setting(
    number('a number from 0 to 1', (value) => value >= 0 && value <= 1),
    {
      tableDefault: '0.3',
      group: 'Training',
      help: 'weight decay, not of biases: decoupled for adamw (default 0.01), L2 for the others (default 0)',
      affects: 'training',
      shownAtStart: true,
    },
  ),
  schedule: setting(SCHEDULE, {
    default: 'constant',
    tableDefault: 'cosine',
    group: 'Training',
    help: 'how the learning rate changes over the run',
    affects: 'training',
    wholeRun: true,
    shownAtStart: true,
  }),
  warmup: setting(
    number('a number of at least 0 and at most 1000000', (value) => value >= 0 && value <= 1e6),
    {
      default: 0,
      group: 'Training',
      help: 'epochs during which the learning rate rises to `lr`',
      affects: 'training',
      wholeRun: true,
      shownAtStart: true,
    },
  ),
  lrDecay: setting(positive(1), {
    group: 'Training',
    help: 'the factor per step (default 0.1) or per epoch (default 0.95)',
    affects: 'training',
    wholeRun: true,
    needs: { setting: 'schedule', values: ['step', 'exponential'] },
  }),
  lrDecayEvery: setting(positive(1e6), {
    group: 'Training',
    help: 'epochs between steps (default a third of the run)',
    affects: 'training',
    wholeRun: true,
    needs: { setting: 'schedule', values: ['step'] },
  }),
  labelSmoothing: setting(fraction, {
    default: 0,
    group: 'Training',
    help: 'label smoothing: probability spread evenly over all classes',
    affects: 'training',
    task: 'classification',
    shownAtStart: true,
  }),
  clipNorm: setting(positive(1e12, '1e12'), {
    group: 'Training',
    help: 'clip gradients to this global norm',
    affects: 'training',
    shownAtStart: true,
  }),
  ema: setting(fraction, {
    group: 'Training',
    help: 'evaluate and save an exponential moving average of the weights, with this decay, such as 0.999',
    affects: 'training',
    wholeRun: true,
    shownAtStart: true,
  }),
  patience: setting(wholeNumber(1, 1_000_000), {
    group: 'Training',
    help:
      'stop after N epochs without a better validation accuracy, or an equal one with less loss (regression: loss); ' +
      'keep the best network',
    affects: 'training',
    wholeRun: true,
    needs: { setting: 'valFraction', why: 'the test set must not choose the network' },
    shownAtStart: true,
  }),
  // The generator takes 32 bits.
  seed: setting(wholeNumber(0, 2 ** 32 - 1), {
    default: 0,
    group: 'Training',
    help: 'the seed of everything random: weights, splits, order, dropout',
    affects: 'samples',
  }),
  checkpointEvery: setting(text(CHECKPOINT_EVERY_RULE, isCheckpointEvery), {
    default: '1epoch',
    tableDefault: '10s',
    group: 'Training',
    help: 'how often to save a checkpoint: 500 (steps), 2epochs, 30s, 10m, 1h, or never before the end',
    affects: 'training',
    wholeRun: true,
    ...NO_EFFECT_ON_RESULTS,
  }),

  backend: setting(BACKEND, {
    default: 'auto',
    group: 'Backend',
    help: 'the backend that computes',
    affects: 'backend',
    variable: 'HANDGRAD_BACKEND',
  }),
  threads: setting(wholeNumber(1, MAX_THREADS), {
    group: 'Backend',
    help: 'the number of threads; by default the fastest',
    affects: 'backend',
    backends: ['native', 'wasm'],
    ...NO_EFFECT_ON_RESULTS,
  }),
  tf32: setting(boolean, {
    default: false,
    group: 'Backend',
    help: 'round the operands of matrix products to TF32: faster, but less accurate',
    affects: 'backend',
    backends: ['cuda'],
  }),
  allowSoftware: setting(boolean, {
    default: false,
    group: 'Backend',
    help: 'accept a software adapter, which runs on the CPU',
    affects: 'backend',
    backends: ['webgpu'],
    ...NO_EFFECT_ON_RESULTS,
  }),

  onNan: setting(ON_NAN, {
    default: 'stop',
    group: 'Training',
    help: 'what to do on non-finite values: stop the run, or skip the batches that lead to them',
    affects: 'training',
    wholeRun: true,
    resumable: true,
    inModel: false,
  }),
  expectAccuracy: setting(
    number('a number from 0 to 1', (value) => value >= 0 && value <= 1),
    {
      group: 'Training',
      help: 'fail when the final test accuracy is below this',
      affects: 'training',
      wholeRun: true,
      task: 'classification',
      ...NO_EFFECT_ON_RESULTS,
      unsearchable: 'it would count successful runs as failed',
    },
  ),
  expectRmse: setting(atLeast0, {
    group: 'Training',
    help: 'fail when the final test RMSE is above this',
    affects: 'training',
    wholeRun: true,
    task: 'regression',
    ...NO_EFFECT_ON_RESULTS,
    unsearchable: 'it would count successful runs as failed',
  }),
  expectMae: setting(atLeast0, {
    group: 'Training',
    help: 'fail when the final test MAE is above this',
    affects: 'training',
    wholeRun: true,
    task: 'regression',
    ...NO_EFFECT_ON_RESULTS,
    unsearchable: 'it would count successful runs as failed',
  }),
  expectR2: setting(
    number('a number of at most 1', (value) => value <= 1),
    {
      group: 'Training',
      help: 'fail when the final test R² is below this',
      affects: 'training',
      wholeRun: true,
      task: 'regression',
      ...NO_EFFECT_ON_RESULTS,
      unsearchable: 'it would count successful runs as failed',
    },
  ),
  name: setting(labelText(100), {
    group: 'Output',
    help: 'the name of the run in lists and reports (default its folder)',
    affects: 'training',
    wholeRun: true,
    ...LABEL,
  }),
  tags: setting(
    list(TAGS, { ...labelText(64), rule: TAGS }, ({ length }) => length <= 20),
    {
      group: 'Output',
      help: 'tags to filter runs by: a list of names',
      affects: 'training',
      wholeRun: true,
      ...LABEL,
    },
  ),
  note: setting(labelText(4000), {
    group: 'Output',
    help: 'a note about the run, which lists and reports show',
    affects: 'training',
    wholeRun: true,
    ...LABEL,
  }),
  logEvery: setting(wholeNumber(1, 1_000_000), {
    group: 'Output',
    help: 'record loss, learning rate and gradient norm of every Nth step',
    affects: 'training',
    wholeRun: true,
    ...NO_EFFECT_ON_RESULTS,
  }),
  tensorboard: setting(boolean, {
    default: true,
    group: 'Output',
    help: 'write event files for TensorBoard',
    off: 'write no event files for TensorBoard',
    affects: 'training',
    wholeRun: true,
    ...NO_EFFECT_ON_RESULTS,
  }),
};
