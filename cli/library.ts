type Setup = typeof import('../src/backends/tensorflow/setup/setupTensorflow');

/** The parts of the library that commands use, loaded on first use, so that --help loads none. */
export const library = {
  runs: () => require('../src/runs/run') as typeof import('../src/runs/run'),
  summaries: () => require('../src/model/networkSummary') as typeof import('../src/model/networkSummary'),
  estimates: () => require('../src/runs/estimate') as typeof import('../src/runs/estimate'),
  plans: () => require('../src/runs/plan') as typeof import('../src/runs/plan'),
  describe: () => require('../src/runs/describeDataset') as typeof import('../src/runs/describeDataset'),
  readRun: () => require('../src/runs/readRun') as typeof import('../src/runs/readRun'),
  results: () => require('../src/runs/resultFigure') as typeof import('../src/runs/resultFigure'),
  gradients: () => require('../src/runs/checkGradients') as typeof import('../src/runs/checkGradients'),
  rangeTests: () => require('../src/runs/findLearningRate') as typeof import('../src/runs/findLearningRate'),
  rangePictures: () => require('../src/reports/rangePicture') as typeof import('../src/reports/rangePicture'),
  inference: () => require('../src/inference') as typeof import('../src/inference'),
  sweeps: () => require('../src/sweeps') as typeof import('../src/sweeps'),
  collection: () => require('../src/collection') as typeof import('../src/collection'),
  reports: () => require('../src/reports/writeReport') as typeof import('../src/reports/writeReport'),
  classReport: () => require('../src/training/classReport') as typeof import('../src/training/classReport'),
  download: () => require('../src/data/download/download') as typeof import('../src/data/download/download'),
  doctor: () => require('../src/doctor/diagnose') as typeof import('../src/doctor/diagnose'),
  native: () =>
    require('../src/backends/device/native/native') as typeof import('../src/backends/device/native/native'),
  tensorflow: () => require('../src/backends/tensorflow/setup/setupTensorflow') as Setup,
  bench: () => require('../bench/measure/main') as typeof import('../bench/measure/main'),
};
