import { clearLine, cursorTo, moveCursor } from 'node:readline';
import { harmless, type Terminal } from './terminal';
import { widthOf } from './text';

/** The minimum time between redraws, in milliseconds. */
const REDRAW_MS = 200;

/** Lines on stderr that are redrawn in place; nothing if stderr is not a terminal. */
export interface LiveLines {
  /** Schedules a redraw. */
  readonly touch: () => void;
  /** Erases the lines. */
  readonly stop: () => void;
}

/** @param lines returns the lines to draw */
export function liveLines({ progress: stream }: Terminal, lines: () => readonly string[]): LiveLines {
  if (!stream) return { touch() {}, stop() {} };
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  const erase = () => {
    for (; drawn > 0; drawn--) {
      moveCursor(stream, 0, -1);
      clearLine(stream, 0);
    }
    cursorTo(stream, 0);
  };
  const draw = () => {
    timer = undefined;
    const width = stream.columns ?? 80;
    const shown = lines().map((line) => cut(harmless(line), width - 1));
    erase();
    stream.write(shown.map((line) => `${line}\n`).join(''));
    drawn = shown.length;
  };
  return {
    touch: () => void (timer ??= setTimeout(draw, REDRAW_MS)),
    stop() {
      clearTimeout(timer);
      timer = undefined;
      erase();
    },
  };
}

/** Truncates a line to the terminal's width, because only one row is erased. Color codes do not count. */
function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let left = width - 1;
  let text = '';
  // eslint-disable-next-line no-control-regex -- the sequences that change colors
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    if (part.startsWith('\x1b')) text += part;
    else {
      const kept = [...part].slice(0, Math.max(0, left));
      left -= kept.length;
      text += kept.join('');
      if (left === 0) {
        left = -1;
        text += '…';
      }
    }
  }
  return text;
}
