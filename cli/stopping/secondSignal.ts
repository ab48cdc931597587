import { constants } from 'node:os';
import { isSignalEchoed } from './signals';

// Layout of `struct sigaction` of Linux on 64-bit processors, with glibc and with musl.
const STRUCT_BYTES = 152;
const FLAGS_AT = 136;
const SA_RESETHAND = 0x8000_0000;

/**
 * Lets a second signal end the process also while JavaScript is busy, such as in a long step of the backend cpu: the
 * system resets a signal to its default effect when it is caught, instead of Node when it gets to it. On Linux only;
 * elsewhere, and where the second signal may be npm's echo of the first, it takes effect after the step.
 */
export function endAtSecondSignal(signals: readonly NodeJS.Signals[]): void {
  if (isSignalEchoed(process.env)) return;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return;
  const koffi = require('koffi') as typeof import('koffi');
  const sigaction = koffi.load(null).func('int sigaction(int, void *, void *)') as (
    signal: number,
    next: Buffer | null,
    current: Buffer | null,
  ) => number;
  for (const name of signals.filter((signal) => process.listenerCount(signal) > 0)) {
    const action = Buffer.alloc(STRUCT_BYTES);
    if (sigaction(constants.signals[name], null, action) !== 0) continue;
    action.writeUInt32LE((action.readUInt32LE(FLAGS_AT) | SA_RESETHAND) >>> 0, FLAGS_AT);
    sigaction(constants.signals[name], action, null);
  }
}
