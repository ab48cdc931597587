import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { programFile } from '../../src/files/places';
import { resultOf } from '../runs/pointsRun';

// F01 with the real program and the real data: a training run that is killed (kill -9) at random times, and resumed
// with --resume each time, has to end with the model, the metrics and the TensorBoard events of an uninterrupted run.
//
//   node --require ./bin/register.js spec/faults/kills.ts --kills 100 --from 1 --to 20 -- \
//     --checkpoint-every 5s --epochs 80
//
// The words after -- go to `train`. When a run ends before it was killed that often, another one starts.

const { values, positionals } = parseArgs({
  options: {
    kills: { type: 'string', default: '25' },
    /** Seconds after which a process is killed: anywhere in between, from the moment it is started. */
    from: { type: 'string', default: '0.3' },
    to: { type: 'string', default: '3' },
    quiet: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [kills, from, to] = [Number(values.kills), Number(values.from), Number(values.to)];
const say = (text: string) => void (values.quiet || process.stdout.write(`${text}\n`));

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-kills-'));
  const whole = join(folder, 'whole');
  const began = Date.now();
  try {
    const straight = await train(['--run-dir', whole]);
    if (straight.code !== 0)
      throw new Error(`the run that nobody kills ended with ${straight.code}: ${straight.stderr}`);
    say(`the run that nobody kills took ${seconds(began)}`);
    let [hit, left, runs] = [0, 0, 1];
    for (let killed = join(folder, 'killed-1'); ;) {
      const how = existsSync(join(killed, 'config.json')) ? ['--resume', killed] : ['--run-dir', killed];
      const { code, stderr } = await train(how, hit < kills ? from + Math.random() * (to - from) : undefined);
      if (code === 'SIGKILL') {
        hit++;
        left += leftovers(killed);
        say(`kill ${hit}: ${progress(killed)}`);
        continue;
      }
      if (code !== 0) throw new Error(`after ${hit} kills a process ended with ${code}: ${stderr}`);
      compare(whole, killed);
      if (leftovers(killed) > 0) throw new Error(`${killed} still holds what a killed process left`);
      if (hit === kills) break;
      say('the run is over, and as it should be: the next one');
      killed = join(folder, `killed-${++runs}`);
    }
    process.stdout.write(
      `${kills} kills of ${runs} runs, each followed by --resume: model.safetensors is the same byte for byte, ` +
        `metrics.jsonl and the event file have each of ${resultOf(whole).rows.length} rows once ` +
        `(${seconds(began)}; ${left} kills left a temporary file)\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param killAfter seconds; not at all when left out */
async function train(
  args: readonly string[],
  killAfter?: number,
): Promise<{ code: number | string | null; stderr: string }> {
  // A run that goes on has its settings; only the first process is given them.
  const settings = args[0] === '--run-dir' ? positionals : [];
  const child = spawn(process.execPath, [programFile(), 'train', ...args, ...settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve(code ?? signal));
  });
  if (killAfter !== undefined)
    void Promise.race([ended, sleep(killAfter * 1000, undefined, { ref: false })]).then(() => child.kill('SIGKILL'));
  return { code: await ended, stderr };
}

/** The model byte for byte, every row and every event once. */
function compare(whole: string, killed: string): void {
  const [expected, found] = [resultOf(whole), resultOf(killed)];
  const differing = (['model', 'rows', 'events'] as const).filter(
    (part) => !isDeepStrictEqual(found[part], expected[part]),
  );
  if (differing.length > 0) throw new Error(`of ${killed}, these differ: ${differing.join(', ')}`);
}

function leftovers(dir: string): number {
  if (!existsSync(dir)) return 0;
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.tmp')) ? 1 : 0;
}

function progress(dir: string): string {
  const checkpoints = join(dir, 'checkpoints');
  const names = existsSync(checkpoints) ? readdirSync(checkpoints).filter((name) => /^step-\d+\.json$/.test(name)) : [];
  return names.length === 0
    ? 'no checkpoint yet'
    : `the newest checkpoint is of step ${Number(names.sort().at(-1)!.slice(5, -5))}`;
}

const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
