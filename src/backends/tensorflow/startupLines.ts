import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';

const STDERR = 2;
/** The new file descriptors are not for programs that this one starts. */
const O_CLOEXEC = 0o2000000;

/**
 * Passes stdin on byte by byte, except for the lines that TensorFlow logs when it starts: those of level I, and the
 * warning that it logs to stderr until its logging is set up.
 */
const FILTER = `
  const { stdin, stdout } = process;
  const idle = /^I\\d{4} |^WARNING: All log messages before absl::InitializeLog\\(\\) /;
  let rest = '';
  const pass = (line) => idle.test(line) || stdout.write(line, 'latin1');
  stdout.on('error', () => {});
  stdin.setEncoding('latin1').on('data', (chunk) => {
    const lines = (rest + chunk).split(/(?<=\\n)/);
    rest = lines.at(-1).endsWith('\\n') ? '' : lines.pop();
    lines.forEach(pass);
  }).on('end', () => pass(rest));
`;

/**
 * Loads TensorFlow and keeps its start-up lines off the screen. TensorFlow logs them before it reads
 * TF_CPP_MIN_LOG_LEVEL, so a separate process reads what this process writes to stderr meanwhile, and passes on the
 * rest, including the last words of a library that aborts. TF_CPP_MIN_LOG_LEVEL=0 asks for the whole log, and gets it.
 */
export async function withoutStartupLines(load: () => Promise<void>): Promise<void> {
  const asked = process.env['TF_CPP_MIN_LOG_LEVEL'] === '0';
  const filter = asked || process.platform !== 'linux' ? undefined : filterStderr();
  try {
    await load();
  } finally {
    await filter?.stop();
  }
}

function filterStderr(): { stop(): Promise<void> } | undefined {
  const koffi = require('koffi') as typeof import('koffi');
  const libc = koffi.load(null);
  const pipe2 = libc.func('int pipe2(void *ends, int flags)') as (ends: Int32Array, flags: number) => number;
  const dup = libc.func('int dup(int fd)') as (fd: number) => number;
  const dup2 = libc.func('int dup2(int from, int to)') as (from: number, to: number) => number;

  const kept = dup(STDERR);
  if (kept < 0) return undefined; // there is no stderr, or no room for one more: the lines are shown
  const ends = new Int32Array(2);
  if (pipe2(ends, O_CLOEXEC) < 0) {
    fs.closeSync(kept);
    return undefined;
  }
  const [readEnd, writeEnd] = ends as unknown as [number, number];
  // A group of its own: Ctrl-C is for this process, whose lines the filter passes on.
  const child = spawn(process.execPath, ['--eval', FILTER], {
    stdio: [readEnd, kept, kept],
    env: { ...process.env, NODE_OPTIONS: '' },
    detached: true,
  });
  const ended = endOf(child);
  fs.closeSync(readEnd);
  if (child.pid !== undefined) dup2(writeEnd, STDERR);
  fs.closeSync(writeEnd);
  return {
    async stop() {
      dup2(kept, STDERR); // closes the last end that is written to
      fs.closeSync(kept);
      await ended;
    },
  };
}

/** Its last lines are on the screen then. One that could not be started has none. */
const endOf = (child: ChildProcess) =>
  new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
