import { type RunningBackend, selectBackend } from '../../src/backends';
import { type Config, type KeyDeciding, keysDeciding, pick } from '../../src/runs/config';
import type { Terminal } from '../terminal/terminal';

/** Starts the backend and says on stderr what `auto` took, and why none of those it would have liked better. */
export async function startBackend(
  settings: Pick<Config, KeyDeciding<'backend'>>,
  terminal: Terminal,
): Promise<RunningBackend> {
  const options = pick(settings, keysDeciding('backend'));
  const backend = await selectBackend(settings.backend, { ...options, onNotice: terminal.warning });
  const { name, device, rejected } = backend;
  const reasons = [...new Set(rejected.map(({ reason }) => reason))];
  const namesOf = (reason: string) => rejected.filter((one) => one.reason === reason).map((one) => one.name);
  const others = reasons.map((reason) => `${namesOf(reason).join(' or ')} (${reason})`);
  terminal.notice(`Backend: ${name} (${device})`);
  if (others.length > 0) terminal.notice(terminal.err.dim(`         not ${others.join(', nor ')}`));
  return backend;
}
