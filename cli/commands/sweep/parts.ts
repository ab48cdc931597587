// What sweep and worker need, loaded together when they run.
export { localExecutor, createPlaces, runName } from '../../../src/sweeps/workers/localExecutor';
export { readPayload } from '../../../src/sweeps/workers/queue/payload';
export { connectRedis } from '../../../src/sweeps/workers/queue/redis';
export { work } from '../../../src/sweeps/workers/queue/worker';
export { trainInProcess } from '../../../src/sweeps/workers/trainProcess';
export { trainProgram } from '../../open/trainProgram';
export { showFolder, showQueue, stopSweep } from '../../screens/sweepOverview';
export { printTrials } from '../../screens/sweepPlan';
export { beginSweep, readSweepFile, resumeSweep } from './openSweep';
export { connectQueue, refuseUnfit, runSweepByQueue } from './runSweepByQueue';
export { fetchDatasets, runSweepHere } from './runSweepHere';
