import type { ArgumentKind, ArgumentKinds } from './guarded';
import { boolean as flag, fraction as below1, isMapping, oneOf, optional, wholeNumber } from '../kinds';
import { STREAMS } from '../random';
import { SETTINGS } from '../runs/settings';

const kind = (rule: string, accepts: (value: unknown) => boolean, more: Partial<ArgumentKind> = {}): ArgumentKind => ({
  ...more,
  rule,
  accepts: accepts as ArgumentKind['accepts'],
});
const isTensor = (value: unknown): value is { readonly shape: readonly number[] } =>
  isMapping(value) && 'dataId' in value && Array.isArray(value['shape']);

const anything = kind('anything', () => true);
const text = kind('a text', (value) => typeof value === 'string');
const name = kind('a text that is not empty', (value) => typeof value === 'string' && value !== '');
const number = kind('a number', (value) => typeof value === 'number');
const finite = kind('a finite number', Number.isFinite);
const share = kind('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1);
const atLeast0 = kind('a number of at least 0', (value) => typeof value === 'number' && value >= 0);
const above0 = kind('a number above 0', (value) => typeof value === 'number' && value > 0);
const index = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const seed = wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const call = kind('a function', (value) => typeof value === 'function');
const record = kind('an object', isMapping);
const mapping = kind('an object', (value) => typeof value === 'object' && value !== null);
const fields = (rule: string, each: Readonly<Record<string, ArgumentKind>>) => kind(rule, isMapping, { fields: each });
const listOf = (each: ArgumentKind, rule = 'a list') => kind(rule, Array.isArray, { each });
const atLeastOne = (each: ArgumentKind, rule: string) =>
  kind(rule, (value) => Array.isArray(value) && value.length > 0, { each });
const pair = (each: ArgumentKind, rule: string) =>
  kind(rule, (value) => Array.isArray(value) && value.length === 2, { each });
const or = (rule: string, ...kinds: readonly ArgumentKind[]) =>
  kind(rule, (value) => kinds.some((one) => one.accepts(value)), Object.assign({}, ...kinds) as ArgumentKind);
const numbers = kind(
  'a list of numbers',
  (value) =>
    (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
    (Array.isArray(value) && value.every(number.accepts)),
);

const isWidths = (value: unknown) => Array.isArray(value) && value.length >= 2 && value.every(count.accepts);

const tensor = kind('a tensor', isTensor);
const vector = kind('a tensor of rank 1', (value) => isTensor(value) && value.shape.length === 1);
const matrix = kind('a tensor of rank 2', (value) => isTensor(value) && value.shape.length === 2);
const tensors = listOf(tensor, 'a list of tensors');
const weights = optional(matrix);
const random = fields('what `createRandom` gives', { integer: call });
const activation = SETTINGS.activation.kind;
const layer = fields('a layer', { W: matrix, b: optional(vector) });
const network = fields('a network', { layers: atLeastOne(layer, 'a list of layers'), activation });
const steps = atLeastOne(fields('a step', { forward: call, backward: call }), 'a list of steps, as `plainSteps` gives');
const rate = or('a number or a function of the step', number, call);
const samples = fields('samples', {
  features: kind('a Uint8Array or Float32Array', (value) => ArrayBuffer.isView(value)),
  labels: numbers,
  count: index,
  numInputs: count,
});
const iterator = kind(
  'what `dataIterator` gives',
  (value) => isMapping(value) && 'samples' in value && typeof value['pass'] === 'function',
);
const targets = listOf(fields('a target', { name: text, mean: number, std: number }), 'a list of targets');
const normalization = fields('what `fitNormalization` gives, as tensors', { mean: tensor, std: tensor });
const turn = optional(call);
const confusion = listOf(numbers, 'a matrix of counts, as lists');
const options = optional(record);
const model = or(
  'a run folder, a model file, or what `openModel` gave',
  name,
  fields('', { parameters: listOf(record) }),
);
const parameters = atLeastOne(fields('a parameter', { name, shape: numbers }), 'a list of parameters');
const stored = atLeastOne(fields('a parameter', { name, shape: numbers, data: numbers }), 'a list of parameters');
const redis = fields('the address of a Redis server', { url: name });
const sweepState = fields('the state of a sweep', {
  trials: listOf(record),
  standing: listOf(fields('a rung', { ranked: listOf(record) })),
});
const source = or('a sweep file or its content', name, record);
const state = fields('what `startState` gives', { network, params: optional(tensors), step: optional(index) });
const texts = listOf(text, 'a list of texts');
const names = atLeastOne(name, 'a list of names');
const aKind = fields('a kind, such as `wholeNumber(1, 9)`', { rule: text, accepts: call });
const listedRuns = listOf(fields('what `listRuns` gives', { kind: name }), 'a list of runs');
const figures = fields('an epoch with its figures', {});
const ofLoss = { O: matrix, T: matrix };

/** What the arguments of every function of the API must be. The compiler checks that each has an entry (in a spec). */
export const ARGUMENT_KINDS = {
  createRandom: { seed, stream: oneOf(STREAMS) },
  permutation: { random, n: index },
  linear: { X: matrix, W: matrix, b: vector },
  linearBackward: { dZ: matrix, X: matrix },
  linearInputBackward: { dZ: matrix, W: matrix },
  relu: { Z: tensor },
  reluBackward: { dH: tensor, H: tensor },
  crossEntropyLoss: { P: matrix, y: vector },
  crossEntropyLossBackward: { P: matrix, y: vector },
  softmax: { O: matrix },
  softmaxBackward: { dP: matrix, P: matrix },
  softmaxCrossEntropy: { ...ofLoss, w: weights },
  softmaxCrossEntropyBackward: { P: matrix, T: matrix, w: weights },
  meanSquaredError: { ...ofLoss, w: weights },
  meanSquaredErrorBackward: { ...ofLoss, w: weights },
  huber: { ...ofLoss, delta: above0, w: weights },
  huberBackward: { ...ofLoss, delta: above0, w: weights },
  weigh: { A: matrix, w: weights },
  createLoss: { name: SETTINGS.loss.kind, options },
  initParams: {
    numInputs: count,
    numOutputs: count,
    numHiddens: or('a width or a list of widths', count, listOf(count)),
    random,
    options: optional(
      fields('an object', { init: optional(SETTINGS.init.kind), activation: optional(SETTINGS.activation.kind) }),
    ),
  },
  backward: {
    dO: matrix,
    trace: atLeastOne(fields('a step taken', { X: matrix, Y: matrix, step: record }), 'what `forward` gave'),
  },
  forward: { X: matrix, steps },
  lossAndGradients: { X: matrix, T: matrix, steps, lossOf: optional(record), w: weights },
  mlp: { X: tensor, network },
  plainSteps: { network },
  mixup: { X: matrix, T: matrix, lambda: share, w: weights },
  oneHot: { y: vector, k: count },
  smoothLabels: { T: matrix, smoothing: below1 },
  batchNorm: { U: matrix, g: vector, b: vector },
  batchNormBackward: { dZ: matrix, record: fields('the record of `batchNorm`', { D: tensor, s: tensor }), g: vector },
  foldBatchNorm: { layer: fields('a layer with batch normalization', { W: matrix, norm: record }) },
  dropout: { H: matrix, M: matrix },
  dropoutBackward: { dH: matrix, M: matrix },
  dropoutMask: { shape: pair(count, 'a list of two sizes'), p: below1, key: seed },
  dropInputs: { X: matrix, p: below1, key: seed },
  dropoutMasks: { n: count, network, p: below1, key: seed },
  listGradients: { grads: listOf(fields('the gradients of a layer', { dW: tensor, db: tensor })) },
  parametersOf: { network },
  trainingSteps: { network, masks: optional(tensors) },
  withBatchNorm: { network },
  withParameters: { network, params: tensors },
  fold: { network, normalization: optional(normalization) },
  normalize: { X: matrix, normalization },
  sgd: {},
  updater: { params: tensors, grads: tensors, lr: finite },
  chain: { lr: rate, '...links': fields('a link, such as `momentum()`', { update: call }) },
  learningRateAt: { lr: rate, step: number },
  createOptimizer: { name: SETTINGS.optimizer.kind, lr: rate, options },
  adam: { options },
  momentum: { options },
  nesterov: { options },
  rmsprop: { options },
  decay: { weightDecay: optional(atLeast0) },
  decoupledDecay: { weightDecay: optional(atLeast0) },
  learningRate: {
    schedule: SETTINGS.schedule.kind,
    at: number,
    options: fields('the options of a schedule', { lr: number, totalSteps: number, stepsPerEpoch: number }),
  },
  clipByGlobalNorm: { grads: tensors, maxNorm: above0 },
  clipping: { maxNorm: optional(above0) },
  updateAverages: { averages: tensors, params: tensors, decay: share, step: index },
  dataIterator: { samples, batchSize: count, options },
  targetsOf: { batch: fields('a batch', { X: tensor, y: tensor }), numOutputs: count },
  bestNetwork: { state },
  disposeState: { state },
  inferenceNetwork: { state },
  startState: { network, optimizer: fields('what `createOptimizer` gives', { init: call, update: call }), options },
  train: {
    options: fields('the options of a training', {
      state,
      trainIter: iterator,
      testIter: iterator,
      numEpochs: count,
    }),
  },
  accuracy: { yHat: matrix, y: vector },
  confusionMatrix: { dataIter: iterator, network },
  evaluate: { dataIter: iterator, network },
  evaluateAccuracy: { dataIter: iterator, network },
  evaluateRegression: { dataIter: iterator, network, lossOf: record, targets },
  predictProbabilities: { dataIter: iterator, network },
  averageReport: { confusion },
  classReport: { confusion },
  countConfusion: { labels: numbers, predicted: numbers, k: count },
  frequentConfusions: { confusion, most: index },
  bestThresholds: { scores: numbers, labels: numbers },
  logLoss: { probabilities: numbers, labels: numbers, k: count },
  rankingFigures: { scores: numbers, belongs: call },
  rankingReport: { probabilities: numbers, labels: numbers, k: count, turn },
  classesAt: { threshold: number, probabilities: numbers },
  classificationFigures: {
    predictions: fields('predictions of classes', {
      probabilities: numbers,
      predicted: numbers,
      labels: numbers,
      k: count,
    }),
    turn,
  },
  predictClasses: { dataIter: iterator, network, turn },
  predictValues: { dataIter: iterator, network, targets, turn },
  permutationImportance: {
    samples,
    groups: listOf(fields('a group of inputs', { name: text, first: index, width: count })),
    score: call,
    options,
  },
  createTurn: { signal: optional(fields('an AbortSignal', { throwIfAborted: call })) },
  rangeTest: {
    options: fields('the options of a range test', {
      ...{ state, trainIter: iterator, minLr: above0, maxLr: above0, steps: count, withRate: call },
    }),
  },
  suggestRate: { found: atLeastOne(fields('a step', { lr: number, smoothed: number }), 'the steps of a range test') },
  gradcheck: { options: fields('the options of a check', { network, batch: record, random }) },
  selectBackend: { requested: name, options },
  isDatasetName: { name: text },
  defaultDataDir: { codeFolder: optional(text) },
  download: { name, options },
  loadDataset: { spec: name, options },
  splitValidation: { samples, fraction: below1, random },
  augmenter: { imageShape: pair(count, 'a list of two sizes'), how: record, seed },
  fitNormalization: { samples, perFeature: flag },
  loadDataFashionMnist: { batchSize: count, options },
  defaultText: { setting: fields('a setting', { kind: record }) },
  environmentSettings: { env: record, keys: optional(names) },
  keyNamed: { name: text },
  keysAffecting: { '...whats': name },
  keysLike: { name: text, keys: optional(texts) },
  keysWhere: { holds: call },
  lastEpoch: { config: fields('a config', { epochs: count }) },
  pick: { values: record, keys: texts },
  resolveConfig: { layers: listOf(fields('a layer of settings', { values: anything, from: anything })) },
  formatConfigFile: { rows: listOf(kind('a list of name, value and comment', Array.isArray)) },
  readConfigFile: { path: name },
  choice: { meanings: record },
  faultOf: { kind: aKind, value: anything },
  list: { rule: text, each: aKind, within: call },
  number: { rule: text, within: call },
  oneOf: { names },
  text: { rule: text, within: optional(call) },
  wholeNumber: { min: number, max: number },
  positive: { max: number, shown: optional(text) },
  findLearningRate: { settings: optional(mapping), options },
  planRun: { settings: optional(mapping), options },
  resumeRun: { dir: name, changes: optional(mapping), options },
  startRun: { settings: optional(mapping), options },
  estimateRun: { settings: optional(mapping), options },
  describeDataset: { settings: optional(mapping), options },
  networkSummary: {
    widths: kind('a list of at least two widths', isWidths),
    parts: fields('the parts of a network', { activation }),
  },
  isCrossValidation: { config: record },
  taskOfConfig: { config: record },
  checkGradients: { settings: optional(mapping), options },
  formatFigure: { name: text, value: number },
  judgedFigure: { figures },
  judgedAccuracy: { epoch: figures },
  readRun: { dir: name },
  readNewMetrics: { dir: name, since: options },
  resultFigure: { run: fields('what `readRun` gives', { epochs: listOf(record), config: record }) },
  bestValidated: { epochs: listOf(record) },
  listRuns: { dir: optional(name) },
  serveRuns: { dir: optional(name), options },
  openCollection: { dir: optional(name) },
  findFolder: { path: name, root: optional(name) },
  findRemovable: { dir: name },
  removeRun: { dir: name },
  filterRuns: { runs: listedRuns, conditions: texts },
  sortRuns: { runs: listedRuns, order: name, options },
  settingsInShort: { runs: listedRuns },
  compareFolders: { folders: listOf(name, 'a list of folders'), options },
  differingSettings: { items: listOf(fields('a compared run', { settings: record }), 'a list of runs') },
  finalFigures: { items: listOf(record, 'a list of runs'), resultName: optional(text) },
  resultText: { run: record, resultName: text },
  shortSetting: { value: anything },
  labelsOf: { config: record },
  titleOf: { run: fields('what `readRun` gives', { config: record, name: text }) },
  openModel: { path: name, options },
  evaluateModel: { model, settings: optional(mapping), options },
  predict: {
    model,
    inputs: fields('the inputs', {
      images: optional(
        kind(
          'a list of paths or bytes',
          (value) =>
            typeof value === 'object' &&
            value !== null &&
            (Symbol.iterator in value || Symbol.asyncIterator in value) &&
            !ArrayBuffer.isView(value),
          {
            each: or(
              'a path or the bytes of an image',
              name,
              kind('', (value) => value instanceof Uint8Array),
            ),
          },
        ),
      ),
      index: optional(listOf(index, 'a list of indices')),
      table: optional(name),
      rows: optional(listOf(mapping, 'a list of rows')),
    }),
    settings: optional(mapping),
    options,
  },
  ranked: {
    probabilities: kind(
      'a list of numbers',
      (value) => Array.isArray(value) && value.length > 0 && value.every(number.accepts),
    ),
    classNames: optional(texts),
    top: optional(number),
    threshold: optional(number),
  },
  openClassifier: { model, settings: optional(mapping), options },
  exportModel: { model, options: fields('the options of an export', { format: name }) },
  assertThreshold: { threshold: optional(number), k: optional(count) },
  useModel: { model, settings: optional(mapping), options },
  assertPictureName: { path: name },
  writeRangePicture: {
    path: name,
    result: fields('the result of a range test', {
      steps: atLeastOne(fields('a step', { lr: number, loss: number, smoothed: number }), 'a list of steps'),
    }),
  },
  writeReport: { paths: or('a path or a list of paths', name, names), settings: optional(mapping), options },
  resumeSweep: { dir: name, changes: options, options },
  runSweep: { source, options },
  startSweep: { source, options },
  planSweep: { source, options },
  queueStatus: { queue: redis, only: optional(name) },
  stopSweep: { queue: redis, id: name },
  sweepStatus: { dir: name },
  runWorker: { queue: redis, options },
  bestTrial: { state: sweepState },
  isStopped: { state: sweepState, trial: record },
  runKey: { run: fields('a run of a sweep', { trial: index, seed: index, rung: index }) },
  rank: { state: sweepState },
  settingText: { value: anything },
  loadModel: { path: name },
  saveModel: { path: name, model: fields('a model', { parameters: stored }) },
  checkArchitecture: { parameters, expected: record, file: text },
  networkOf: { parameters: stored, activation },
  readParameters: { network },
  diagnose: { options: fields('the options', { backend: name, dataDir: name, runRoot: name }) },
  setupNative: {},
  removeTensorflow: {},
  setupTensorflow: { options: fields('the options', { python: name }) },
  didYouMean: { name: text, known: texts, prefix: optional(text) },
  firstOf: { texts, most: index, separator: optional(text) },
  formatBytes: { bytes: number },
  formatCount: { count: number },
  formatSeconds: { seconds: number },
  formatShare: { share: number },
  formatUnits: { value: number },
  nearName: { name: text, known: texts },
  plural: { count: number, noun: text },
  quoted: { value: anything },
  shellWord: { path: text },
  visible: { text },
  visibleName: { name: text },
} satisfies Readonly<Record<string, ArgumentKinds>>;
