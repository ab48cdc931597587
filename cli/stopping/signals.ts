import { isShell } from './parent';

/** So long after a signal, npm may still pass the same one on, in milliseconds. */
const ECHO_MS = 500;

/**
 * Whether npm or npx has started this program as its script. They pass on the signals that they get: at a Ctrl-C, which
 * the terminal sends to all, the program has SIGINT twice. A shell in between, as most leave one under npx, passes on
 * nothing.
 */
export function isSignalEchoed(
  { npm_lifecycle_script: script = '' }: NodeJS.ProcessEnv,
  isBelowShell = () => isShell(process.ppid),
): boolean {
  return /\bhandgrad\b/.test(script) && !isBelowShell();
}

/** Calls back at a signal; a second one has its default effect and ends the process, unless it is npm's echo. */
export function onSignal(name: NodeJS.Signals, env: NodeJS.ProcessEnv, callback: () => void): void {
  if (!isSignalEchoed(env)) {
    process.once(name, callback);
    return;
  }
  let called = false;
  const listener = () => {
    if (called) return;
    called = true;
    callback();
    setTimeout(() => process.off(name, listener), ECHO_MS).unref();
  };
  process.on(name, listener);
}
