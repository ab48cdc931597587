import { basename } from 'node:path';
import type { OpenEvent, OpenOptions } from '../../src/runs/events';
import type { Context } from '../arguments/command';
import type { Screen, Terminal } from '../terminal/terminal';
import { createProgressBar } from '../terminal/progressBar';
import { wrapped } from '../terminal/text';
import { formatBytes } from '../../src/words';
import { downloadScreen } from './download';

/** Shows the loading of data and backend: downloads, the backend that `auto` chose, and notices. */
export function openScreen(terminal: Terminal): Screen<OpenEvent> {
  const download = downloadScreen(terminal);
  const reading = createProgressBar(terminal);
  let underway = false;
  const showReading = ({ path, bytes, total }: Extract<OpenEvent, { type: 'reading' }>) => {
    if (total === undefined) return;
    if (!underway) reading.start(`  Reading ${basename(path)}`, total);
    underway = bytes < total;
    if (underway) reading.update(bytes, `${formatBytes(bytes)} of ${formatBytes(total)}`);
    else reading.stop();
  };
  return {
    show(event) {
      if (event.type === 'notice') terminal.warning(event.message);
      else if (event.type === 'backend') showBackend(event, terminal);
      else if (event.type === 'reading') showReading(event);
      else download.show(event);
    },
    stop: () => {
      download.stop();
      reading.stop();
    },
  };
}

/** Runs `work`, which opens data and backend, and shows its events on the terminal. */
export async function withOpenScreen<Result>(
  { terminal, signal, io }: Pick<Context, 'terminal' | 'signal' | 'io'>,
  work: (how: OpenOptions) => Promise<Result>,
): Promise<Result> {
  const screen = openScreen(terminal);
  try {
    return await work({
      onEvent: screen.show,
      signal,
      env: io.env,
      stdin: () => io.stdin as unknown as AsyncIterable<Buffer>,
    });
  } finally {
    screen.stop();
  }
}

/** Shows the backend, and why `auto` rejected those that it prefers. */
function showBackend({ name, device, rejected }: Extract<OpenEvent, { type: 'backend' }>, terminal: Terminal): void {
  const reasons = [...new Set(rejected.map(({ reason }) => reason))];
  const namesOf = (reason: string) => rejected.filter((one) => one.reason === reason).map((one) => one.name);
  const others = reasons.map((reason) => `${namesOf(reason).join(' or ')} (${reason})`);
  const { noticeWidth, err } = terminal;
  terminal.notice(wrapped(`Backend: ${name} (${device})`, noticeWidth));
  if (others.length > 0) terminal.notice(err.dim(wrapped(`         not ${others.join(', nor ')}`, noticeWidth)));
}
