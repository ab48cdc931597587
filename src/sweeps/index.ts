export { planSweep, queueStatus, stopSweep, sweepStatus } from './overview';
export { resumeSweep, runSweep, startSweep } from './sweep';
export { runWorker } from './worker';
