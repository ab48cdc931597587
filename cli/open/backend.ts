import type { RunningBackend } from '../../src/backends';
import type { Config, KeyDeciding } from '../../src/runs/config';
import { openBackend } from '../../src/runs/open';
import { openScreen } from '../screens/open';
import type { Terminal } from '../terminal/terminal';

/** Starts the backend and says on stderr what `auto` took, and why none of those it would have liked better. */
export async function startBackend(
  settings: Pick<Config, KeyDeciding<'backend'>>,
  terminal: Terminal,
): Promise<RunningBackend> {
  return openBackend(settings, { onEvent: openScreen(terminal).show });
}
