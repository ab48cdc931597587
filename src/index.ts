export { EXIT_CODES, HandgradError, type ErrorKind } from './errors';
export { createRandom, permutation, type Random, type Stream } from './random';

export { linear, linearBackward, linearInputBackward } from './nn/linear';
export { ACTIVATIONS, relu, reluBackward, type Activation, type ActivationName } from './nn/activations';
export {
  crossEntropyLoss,
  crossEntropyLossBackward,
  softmax,
  softmaxBackward,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
} from './nn/softmaxCrossEntropy';
export { meanSquaredError, meanSquaredErrorBackward } from './nn/meanSquaredError';
export { huber, huberBackward } from './nn/huber';
export { weigh } from './nn/weights';
export { createLoss, crossEntropy, LOSSES, type Loss, type LossName, type LossOptions } from './nn/losses';
export { initParams, INITIALIZERS, type Initializer, type InitializerName } from './nn/initialize';
export { type LayerGradients, type Step, type Taken, type Trace } from './nn/step';
export { backward, forward, lossAndGradients, mlp, plainSteps, type Layer, type Network } from './nn/mlp';
export { mixup, oneHot, smoothLabels } from './nn/targets';

export {
  batchNorm,
  batchNormBackward,
  foldBatchNorm,
  type BatchNormRecord,
  type Norm,
  type NormalizedLayer,
  type Statistics,
} from './nn/batchNorm';
export { dropout, dropoutBackward, dropoutMask } from './nn/dropout';
export {
  dropInputs,
  dropoutMasks,
  listGradients,
  parametersOf,
  trainingSteps,
  withBatchNorm,
  withParameters,
  type ParameterTensor,
  type TrainableNetwork,
} from './nn/network';
export { fold, normalize, type Normalization } from './nn/fold';

export { sgd, updater } from './optim/sgd';
export {
  chain,
  learningRateAt,
  type Change,
  type Gradients,
  type LearningRate,
  type Link,
  type Optimizer,
  type OptimizerState,
  type Update,
} from './optim/optimizer';
export { createOptimizer, OPTIMIZERS, type OptimizerName, type OptimizerOptions } from './optim/optimizers';
export { adam } from './optim/adam';
export { momentum, nesterov } from './optim/momentum';
export { rmsprop } from './optim/rmsprop';
export { decay, decoupledDecay } from './optim/decay';
export { learningRate, SCHEDULES, type ScheduleName, type ScheduleOptions } from './optim/schedules';
export { clipByGlobalNorm, clipping } from './optim/clip';
export { updateAverages } from './optim/average';

export { dataIterator, targetsOf, type Batch, type DataIterator, type IteratorOptions } from './training/batches';
export {
  bestNetwork,
  disposeState,
  inferenceNetwork,
  startState,
  type StateOptions,
  type StateTensors,
  type TrainState,
} from './training/trainState';
export {
  train,
  type EndEvent,
  type EpochEvent,
  type LogEvent,
  type StepEvent,
  type TrainEvent,
  type TrainOptions,
} from './training/train';
export { type StepOptions } from './training/trainStep';
export {
  accuracy,
  confusionMatrix,
  evaluate,
  evaluateAccuracy,
  evaluateRegression,
  predictProbabilities,
  type LossAndAccuracy,
  type OutputFigures,
  type RegressionFigures,
} from './training/evaluate';
export {
  averageReport,
  classReport,
  countConfusion,
  frequentConfusions,
  type AveragedFigures,
  type Averages,
  type ClassFigures,
  type Confusion,
} from './training/classReport';
export {
  bestThresholds,
  logLoss,
  rankingFigures,
  rankingReport,
  type BestThreshold,
  type RankingFigures,
} from './training/rankingReport';
export {
  classesAt,
  classificationFigures,
  type ClassificationFigures,
  type ClassPredictions,
} from './training/classificationFigures';
export { predictClasses, type PredictedClasses } from './training/predictClasses';
export { predictValues, type PredictedValues } from './training/predictValues';
export {
  permutationImportance,
  type ColumnImportance,
  type FeatureGroup,
  type PermutationOptions,
} from './training/permutationImportance';
export { createTurn, type Turn } from './training/turn';
export {
  RATE_RANGE,
  rangeTest,
  suggestRate,
  type RangeResult,
  type RangeStep,
  type RateRange,
  type RateSuggestion,
} from './training/rangeTest';
export { type StepsOptions } from './training/steps';
export { gradcheck, type GradcheckOptions, type GradcheckResult } from './training/gradcheck';

export { selectBackend, type BackendName, type Rejection, type RunningBackend, type SelectOptions } from './backends';
export { type BackendOptions } from './backends/backend';

export {
  type Dataset,
  type LeftOut,
  type Preparation,
  type PreparedCategory,
  type PreparedColumn,
  type PreparedNumber,
  type Samples,
  type Target,
  type Task,
} from './data/samples';
export { datasetNames, isDatasetName, type DatasetName } from './data/catalog';
export { defaultDataDir } from './data/defaultDataDir';
export { download, type DownloadEvent, type DownloadOptions } from './data/download/download';
export { type FetchOptions, type HttpLimits } from './data/download/fetchBytes';
export { type Inversion, type ReadImage } from './data/formats/imageFile';
export { type ImageInput } from './data/formats/imageSource';
export { loadDataset, type LoadOptions } from './data/loadDataset';
export { splitValidation } from './data/split';
export { augmenter, type Augment, type Augmentation } from './data/augment';
export { fitNormalization, type FittedNormalization } from './data/fitNormalization';
export { loadDataFashionMnist } from './loadDataFashionMnist';

export {
  CONFIG_KEYS,
  defaultText,
  DEFAULTS,
  environmentSettings,
  keyNamed,
  keysAffecting,
  keysLike,
  keysWhere,
  lastEpoch,
  pick,
  resolveConfig,
  settings,
  type Config,
  type ConfigKey,
  type Origin,
  type Resolved,
  type Setting,
  type Settings,
  type SettingsLayer,
} from './runs/config';
export { SETTINGS } from './runs/settings';
export { formatConfigFile, readConfigFile } from './files/configFile';
export { choice, faultOf, list, number, oneOf, positive, text, wholeNumber, type Fault, type Kind } from './kinds';
export {
  type FoldEvent,
  type OpenEvent,
  type OpenOptions,
  type RunEnd,
  type RunEvent,
  type Spread,
  type StartEvent,
  type StoppedEvent,
} from './runs/events';
export { VARIABLES } from './runs/variables';
export { isCrossValidation } from './runs/config';
export { taskOfConfig } from './runs/task';
export { planRun, type PlannedData, type RunPlan } from './runs/plan';
export { findLearningRate, type RangeEvent } from './runs/findLearningRate';
export { estimateRun, type RunEstimate } from './runs/estimate';
export { type RunFacts, type RunOutline } from './runs/runFacts';
export {
  describeDataset,
  type ClassBalance,
  type DatasetDescription,
  type DescribedColumn,
  type DescribedImages,
  type DescribedTable,
  type DescribedTraining,
} from './runs/describeDataset';
export { type ColumnType } from './data/tables/columnTypes';
export { type ColumnFacts } from './data/tables/describeColumn';
export { type MissingLabels } from './data/tables/label';
export { resumeRun, startRun, type Run, type RunOptions } from './runs/run';
export { checkGradients, type GradientCheck } from './runs/checkGradients';
export { formatFigure, judgedFigure, type JudgedFigure } from './runs/figures';
export { bestValidated, resultFigure, type ResultFigure } from './runs/resultFigure';
export {
  judgedAccuracy,
  readNewMetrics,
  readRun,
  type MetricsPlace,
  type NewMetrics,
  type RunData,
} from './runs/readRun';
export { labelsOf, titleOf, type Labels } from './runs/labels';
export { openModel, type ModelConfig, type OpenedModel } from './runs/modelConfig';

export {
  evaluateModel,
  type ClassificationEvaluation,
  type Evaluation,
  type RegressionEvaluation,
} from './inference/evaluateModel';
export {
  predict,
  ranked,
  type PredictInputs,
  type Prediction,
  type Predictions,
  type RankedClass,
} from './inference/predict';
export { openClassifier, type ClassifiedImage, type ClassifiedSample, type Classifier } from './inference/classifier';
export { type PredictedRows } from './inference/predictRows';
export { type Cell, type TableRow } from './inference/rowsInMemory';
export {
  exportModel,
  EXPORT_FORMATS,
  type Exported,
  type ExportFormat,
  type ExportOptions,
} from './inference/exportModel';
export { assertThreshold, type ThresholdOptions } from './inference/threshold';
export { useModel, type UsedModel, type UseOptions, type UseSettings } from './inference/useModel';
export { assertPictureName, writeRangePicture } from './reports/rangePicture';
export { compareFolders, writeReport, type ReportOptions } from './reports/writeReport';
export {
  differingSettings,
  finalFigures,
  resultText,
  type ComparedRun,
  type Comparison,
} from './reports/compareReport';
export { type Curve } from './reports/chartData';
export { shortSetting } from './reports/shortSetting';
export {
  findFolder,
  listRuns,
  openCollection,
  type ListedFigure,
  type ListedRun,
  type RunCollection,
  type RunList,
  type RunState,
} from './collection/listRuns';
export { filterRuns, RUN_ORDERS, settingsInShort, sortRuns, type RunOrder } from './collection/chooseRuns';
export { serveRuns, type ServedRuns, type ServeOptions } from './collection/serveRuns';
export { findRemovable, removeRun, type RemovableRun } from './collection/removeRun';

export { resumeSweep, runSweep, startSweep, type Sweep, type SweepOptions, type SweepRunOptions } from './sweeps/sweep';
export {
  type SweepEnd,
  type SweepEvent,
  type SweepStart,
  type SweepStopped,
  type TrialEpoch,
  type TrialFailure,
  type TrialResult,
  type TrialStart,
} from './sweeps/events';
export { type Machine } from './sweeps/machine';
export { type ResumeChanges, type SweepSource } from './sweeps/openSweep';
export { type Parameter as SweepParameter, type Value as SweepValue } from './sweeps/spec/distributions';
export { type RunId, type Result as TrialFigures } from './sweeps/state/journal';
export { type Metric, type SweepSpec } from './sweeps/spec/sweepFile';
export {
  planSweep,
  queueStatus,
  stopSweep,
  sweepStatus,
  type QueueStatus,
  type SweepPlan,
  type SweepStatus,
} from './sweeps/overview';
export { runWorker, type WorkerEvent, type WorkerOptions } from './sweeps/worker';
export { type Payload as QueuedTrial } from './sweeps/workers/queue/payload';
export { type ExitMeaning } from './sweeps/workers/exitMeaning';
export { type TrialEvent } from './sweeps/workers/queue/consumeQueues';
export type { Outcome as TrialOutcome } from './sweeps/workers/trainProcess';
export type { Progress as TrialProgress } from './sweeps/workers/trainMessages';
export { bestTrial, isStopped, runKey, type SweepState, type Trial } from './sweeps/state/sweepState';
export { rank, type Ranked } from './sweeps/state/ranking';
export { settingText } from './sweeps/state/summary';
export { type Importance } from './sweeps/state/importance';
export { type Configuration } from './sweeps/spec/samplers';
export { type RedisAddress } from './sweeps/workers/queue/redis';

export { loadModel, saveModel, type Model, type ModelLayout } from './model/modelFile';
export { checkArchitecture, type Architecture, type Parameter } from './model/architecture';
export { networkSummary, type LayerSummary, type NetworkParts, type NetworkSummary } from './model/networkSummary';
export { networkOf, readParameters } from './model/parameters';

export { diagnose, type DiagnoseOptions, type Diagnosis } from './doctor/diagnose';
export { type DatasetReport } from './doctor/datasets';
export { type BackendReport } from './doctor/probeBackend';
export { type CompilerReport } from './doctor/buildTools';
export { type NvidiaGpu } from './backends/nvidia';
export { type CudaPart } from './backends/device/cuda/cuda';
export { type LibraryReport } from './backends/tensorflow/cudaLibraries';
export { setupNative } from './backends/device/native/native';
export { type BuiltAddon, type CudaBuild } from './backends/tensorflow/builtAddon';
export {
  removeTensorflow,
  setupTensorflow,
  type SetupOptions as TensorflowSetupOptions,
  type SetupResult as TensorflowSetup,
} from './backends/tensorflow/setup/setupTensorflow';

// Formatting for messages, as the library itself uses it.
export {
  didYouMean,
  firstOf,
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  formatUnits,
  nearName,
  plural,
  quoted,
  shellWord,
  visible,
  visibleName,
} from './words';

import { ARGUMENT_KINDS } from './arguments/argumentKinds';
import { guarded } from './arguments/guarded';

// Last: callers get these functions with a check of their arguments. Types and names stay as they are above.
module.exports = guarded(module.exports as object, ARGUMENT_KINDS);
