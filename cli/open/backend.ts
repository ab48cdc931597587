import { type Engine, selectBackend } from '../../src/backends';
import type { Config } from '../../src/runs/config';
import type { ENGINE_SETTINGS } from '../arguments/options';
import type { Terminal } from '../terminal/terminal';

/** Starts the engine and says on stderr what `auto` took, and why none of those it would have liked better. */
export async function startEngine(
  { backend, threads, allowSoftware }: Pick<Config, (typeof ENGINE_SETTINGS)[number]>,
  terminal: Terminal,
): Promise<Engine> {
  const engine = await selectBackend(backend, { threads, allowSoftware, onNotice: terminal.warning });
  const { name, device, rejected } = engine;
  const reasons = [...new Set(rejected.map(({ reason }) => reason))];
  const namesOf = (reason: string) => rejected.filter((one) => one.reason === reason).map((one) => one.name);
  const others = reasons.map((reason) => `${namesOf(reason).join(' or ')} (${reason})`);
  terminal.notice(`Engine: ${name} (${device})`);
  if (others.length > 0) terminal.notice(terminal.err.dim(`        not ${others.join(', nor ')}`));
  return engine;
}
