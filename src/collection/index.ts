// Loaded as a whole by the command line.
export { compareFolders } from '../reports/writeReport';
export { differingSettings, finalFigures, resultText } from '../reports/compareReport';
export { shortSetting } from '../reports/shortSetting';
export { filterRuns, settingsInShort, sortRuns } from './chooseRuns';
export { findFolder, listRuns } from './listRuns';
export { serveRuns } from './serveRuns';
export { findRemovable, removeRun } from './removeRun';
