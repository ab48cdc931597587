import type { OpenEvent, OpenOptions } from '../../src/runs/events';
import type { Context } from '../arguments/command';
import type { Screen, Terminal } from '../terminal/terminal';
import { downloadScreen } from './download';

/** Shows what is opened: downloads with a bar, what `auto` took, and what the user should see. */
export function openScreen(terminal: Terminal): Screen<OpenEvent> {
  const download = downloadScreen(terminal);
  return {
    show(event) {
      if (event.type === 'notice') terminal.warning(event.message);
      else if (event.type === 'backend') showBackend(event, terminal);
      else download.show(event);
    },
    stop: download.stop,
  };
}

/** Opens data and backend by `work`, and shows on the terminal what happens meanwhile. */
export async function withOpenScreen<Result>(
  { terminal, signal, io }: Pick<Context, 'terminal' | 'signal' | 'io'>,
  work: (how: OpenOptions) => Promise<Result>,
): Promise<Result> {
  const screen = openScreen(terminal);
  try {
    return await work({ onEvent: screen.show, signal, env: io.env });
  } finally {
    screen.stop();
  }
}

/** What `auto` took, and why none of those it would have liked better. */
function showBackend({ name, device, rejected }: Extract<OpenEvent, { type: 'backend' }>, terminal: Terminal): void {
  const reasons = [...new Set(rejected.map(({ reason }) => reason))];
  const namesOf = (reason: string) => rejected.filter((one) => one.reason === reason).map((one) => one.name);
  const others = reasons.map((reason) => `${namesOf(reason).join(' or ')} (${reason})`);
  terminal.notice(`Backend: ${name} (${device})`);
  if (others.length > 0) terminal.notice(terminal.err.dim(`         not ${others.join(', nor ')}`));
}
