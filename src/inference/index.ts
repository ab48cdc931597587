export { openClassifier } from './classifier';
export { evaluateModel } from './evaluateModel';
export { EXPORT_FORMATS, exportModel } from './exportModel';
export { predict, ranked } from './predict';
export { assertThreshold } from './threshold';
export { useModel } from './useModel';
