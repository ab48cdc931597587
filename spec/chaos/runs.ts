import { existsSync, linkSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resultOf, rowOf } from '../runs/pointsRun';
import { kill, type Started, writePoints } from '../sweeps/program';
import {
  assertAllEnded,
  assertSame,
  Breach,
  contentOf,
  endOf,
  fillDisk,
  limit,
  memoryOf,
  pick,
  type Round,
} from './round';

// One training run that is disturbed and resumed until it ends.

const BASE = ['train', '--dataset', 'points.csv', '--hidden', '8', '--batch-size', '10'];
/** Runs of a second or two that save at different moments and draw different random numbers. */
const HISTORIES: readonly (readonly string[])[] = [
  ['--backend', 'cpu', '--epochs', '30', '--checkpoint-every', '7'],
  ['--backend', 'cpu', '--epochs', '30', '--optimizer', 'sgd', '--val-fraction', '0.2'],
  ['--backend', 'cpu', '--epochs', '12', '--dropout', '0.3', '--ema', '0.9', '--checkpoint-every', '1'],
  ['--backend', 'wasm', '--epochs', '80', '--dropout', '0.2', '--checkpoint-every', '3epochs'],
];

type Result = ReturnType<typeof resultOf>;
interface Whole {
  readonly result: Result;
  readonly ms: number;
}
const wholes = new Map<readonly string[], Whole>();

/** How an act may end a process that has not finished, beside with 0. */
const ENDS: Readonly<Record<string, readonly (number | string)[]>> = {
  KILL: ['SIGKILL'],
  TERM: [143, 'SIGTERM'],
  INT: [130, 'SIGINT'],
  HUP: [143, 'SIGHUP'],
  'INT twice': [130, 'SIGINT'],
  'STOP, CONT': [],
  'STOP, KILL': ['SIGKILL'],
  'a second process': [7],
  disk: [6],
  'open files': [6, 'SIGABRT'],
  // Whatever V8 or the system do then; what counts is that the run resumes.
  memory: [1, 4, 5, 6, 134, 'SIGABRT', 'SIGTRAP', 'SIGSEGV', 'SIGKILL', 'SIGILL'],
  clock: [],
};

/** @throws Breach */
export async function disturbRun(round: Round): Promise<void> {
  const { random, folder, count, over, lacks } = round;
  const history = pick(random, HISTORIES);
  writePoints(folder);
  const whole = wholes.get(history) ?? (await undisturbed(round, history));
  // What others have beside it, also behind links.
  writeFileSync(join(folder, 'bystander'), 'not yours');
  linkSync(join(folder, 'bystander'), join(folder, 'linked'));
  symlinkSync(join(folder, 'bystander'), join(folder, 'link'));
  const run = join(folder, 'disk', 'run');
  const outside = () => contentOf(folder, ['disk', 'clock']);
  const before = outside();
  const acts = Object.keys(ENDS).filter((act) => lacks[act] === undefined);
  for (let lives = 0; ; lives++) {
    const begun = existsSync(join(run, 'config.json'));
    if (begun) count('resumes');
    const one = round.start(
      begun ? ['train', '--resume', run] : [...BASE, ...history, '--run-dir', run],
      environment(round),
    );
    const { ended, acted } = await disturb(round, one, run, whole.ms, over() ? [] : acts);
    const allowed = acted.flatMap((act) => ENDS[act]!);
    if (ended !== 0 && !allowed.includes(ended)) {
      throw new Breach(`ended with ${ended} after ${acted.join(', ') || 'nothing'}: ${one.stderr()}`);
    }
    if (outside() !== before) throw new Breach(`after ${acted.join(', ')}, something outside the run has changed`);
    assertPrefix(run, whole.result, acted.join(', '));
    if (ended === 0) break;
    if (lives > 200) throw new Breach('does not come to its end');
  }
  compare(run, whole.result);
  count('runs compared');
  await assertAllEnded(round);
}

async function undisturbed(round: Round, history: readonly string[]): Promise<Whole> {
  const began = performance.now();
  const one = round.start([...BASE, ...history, '--run-dir', join(round.folder, 'disk', 'whole')]);
  const ended = await endOf(one, 'nothing');
  if (ended !== 0) throw new Error(`the undisturbed run ended with ${ended}: ${one.stderr()}`);
  const whole = { result: resultOf(join(round.folder, 'disk', 'whole')), ms: performance.now() - began };
  wholes.set(history, whole);
  rmSync(join(round.folder, 'disk', 'whole'), { recursive: true });
  return whole;
}

/** Another date, or little memory from the start. */
function environment({ random, folder, lacks }: Round): NodeJS.ProcessEnv {
  if (lacks['clock'] === undefined && random.integer(4) === 0) {
    setClock(folder, random.integer(20_000) - 10_000);
    return {
      LD_PRELOAD: FAKETIME.find(existsSync),
      FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
  return {};
}

/** Where libfaketime may be. */
export const FAKETIME = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`,
);

const setClock = (folder: string, days: number) =>
  writeFileSync(join(folder, 'clock'), `${days < 0 ? '-' : '+'}${Math.abs(days)}d\n`);

/** Disturbs a process until it ends. */
async function disturb(
  round: Round,
  one: Started,
  run: string,
  usualMs: number,
  acts: readonly string[],
): Promise<{ ended: number | NodeJS.Signals; acted: string[] }> {
  const { random, count } = round;
  const acted: string[] = [];
  const undo: (() => void)[] = [];
  const pid = one.child.pid!;
  try {
    while (acts.length > 0) {
      const ended = await Promise.race([one.ended, delay(random.uniform() ** 2 * usualMs)]);
      if (ended !== undefined) break;
      const act = pick(random, acts);
      acted.push(act);
      count(act);
      if (act === 'STOP, CONT' || act === 'STOP, KILL') {
        kill(pid, 'SIGSTOP');
        await delay(random.uniform() * 500);
        kill(pid, act === 'STOP, CONT' ? 'SIGCONT' : 'SIGKILL');
      } else if (act === 'INT twice') {
        kill(pid, 'SIGINT');
        await Promise.race([one.ended, delay(random.uniform() * 100)]);
        kill(pid, 'SIGINT');
      } else if (act === 'a second process') await assertOneRefused(round, one, run);
      else if (act === 'disk') undo.push(fillDisk(round));
      else if (act === 'open files') limit(pid, `--nofile=${20 + random.integer(20)}`);
      else if (act === 'memory') limit(pid, `--as=${memoryOf(pid) + random.integer(20_000_000)}`);
      else if (act === 'clock') setClock(round.folder, random.integer(20_000) - 10_000);
      else kill(pid, `SIG${act}` as NodeJS.Signals);
      // Without memory, V8 may wait for ever: that counts as a kill.
      if (act === 'memory') void delay(20_000, undefined, { ref: false }).then(() => kill(pid));
      if (ENDS[act]!.length > 0) break;
    }
    return { ended: await endOf(one, acted.join(', ')), acted };
  } finally {
    undo.forEach((back) => back());
  }
}

/** Of two processes in the folder, which may both be starting, one ends with 7; the other may have finished before. */
async function assertOneRefused(round: Round, first: Started, run: string): Promise<void> {
  if (!existsSync(join(run, 'config.json'))) return;
  const second = round.start(['train', '--resume', run]);
  const codes = [await endOf(second, 'a second process'), await endOf(first, 'a second process')];
  if (codes.some((code) => code !== 0 && code !== 7) || codes.every((code) => code === 7)) {
    throw new Breach(`two processes ended with ${codes.join(' and ')}: ${second.stderr()}${first.stderr()}`);
  }
}

/** The rows that are there so far are those of the undisturbed run, each once; the last may be torn. */
function assertPrefix(run: string, { rows }: Result, after: string): void {
  const file = join(run, 'metrics.jsonl');
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  assertSame(lines.map(rowOf), rows.slice(0, lines.length), `after ${after}, the rows of metrics.jsonl`);
}

/** The model byte for byte, every row and every event once; nothing that a killed process left. */
function compare(run: string, whole: Result): void {
  const found = resultOf(run);
  for (const part of ['model', 'rows', 'events'] as const) assertSame(found[part], whole[part], part);
  const left = readdirSync(run, { recursive: true, encoding: 'utf8' });
  const stray = left.filter((name) => name.endsWith('.tmp') || name.startsWith('lock'));
  if (stray.length > 0) throw new Breach(`left behind: ${stray.join(', ')}`);
}
