import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Profile } from '../stepProfile';

// Started by `bash DIR/run`: runs the steps in order, each in a separate process with a time limit, and
// writes a table of the results. It continues after a failure, reports what it could not run and why, and
// exits with 1 if anything failed.

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'out' }, seconds: { type: 'string', default: '450' } },
});
const APP = __dirname;
const OUT = path.resolve(values.out);
const DATA = path.join(APP, '..', 'data');
const SCRATCH = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-gpu-check-'));
process.once('exit', () => fs.rmSync(SCRATCH, { recursive: true, force: true }));
let folders = 0;
/** A temporary folder for a run. */
const newRun = () => path.join(SCRATCH, `run-${folders++}`);
const BEGAN = performance.now();
const DEADLINE = Number(values.seconds) * 1000;

type Verdict = 'ok' | 'FAILED' | 'not run';

interface Row {
  readonly name: string;
  readonly verdict: Verdict;
  readonly result: string;
  readonly seconds: number;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It was killed at its time limit, or at the total one. */
  readonly late: boolean;
}

const rows: Row[] = [];

/** A step cannot run here, because a part is missing. */
class NotHere extends Error {}

async function step(name: string, work: () => Promise<string> | string): Promise<void> {
  const began = performance.now();
  let verdict: Verdict = 'ok';
  let result: string;
  try {
    if (began - BEGAN > DEADLINE) throw new NotHere('the time was up');
    result = await work();
  } catch (error) {
    verdict = error instanceof NotHere ? 'not run' : 'FAILED';
    result = (error as Error).message.trim();
  }
  const row = { name, verdict, result, seconds: (performance.now() - began) / 1000 };
  rows.push(row);
  process.stdout.write(`${line(row)}\n`);
  write();
}

const line = ({ name, verdict, result, seconds }: Row) =>
  `${name.padEnd(34)} ${verdict.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  ${result}`;

/** Written after each step, so that results survive the loss of the machine. */
function write(): void {
  fs.mkdirSync(OUT, { recursive: true });
  fs.writeFileSync(path.join(OUT, 'report.txt'), `${rows.map(line).join('\n')}\n`);
  fs.writeFileSync(path.join(OUT, 'report.json'), `${JSON.stringify(rows, undefined, 2)}\n`);
}

/** Runs a program until it exits, or kills its process group at the time limit. */
function run(file: string, args: readonly string[], seconds: number, env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: OUT,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr, late] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const left = Math.max(1, Math.min(seconds * 1000, DEADLINE - (performance.now() - BEGAN)));
    const timer = setTimeout(() => {
      late = true;
      kill(child.pid);
    }, left);
    child.once('error', (error) => (stderr += error.message));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, late });
    });
  });
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // it has exited already
  }
}

async function succeed(what: string, ended: Promise<Ended>): Promise<Ended> {
  const result = await ended;
  if (result.late && performance.now() - BEGAN >= DEADLINE) throw new NotHere('the time was up');
  if (result.late) throw new Error(`${what} took too long and was ended`);
  const missing = /The (cuda|webgpu) backend cannot run here: .*/.exec(result.stderr)?.[0];
  if (missing !== undefined) throw new NotHere(missing);
  if (result.code !== 0)
    throw new Error(`${what} ended with ${result.code}: ${result.stderr.trim().split('\n').at(-1)}`);
  return result;
}

const handgrad = (args: readonly string[], seconds: number, env?: Record<string, string>) =>
  run(process.execPath, [path.join(APP, 'handgrad.js'), ...args], seconds, { HANDGRAD_NO_COMPILE: '1', ...env });

const inProcess = async (name: string, backend: string, seconds: number, env?: Record<string, string>) => {
  const ended = run(process.execPath, [path.join(APP, 'step.js'), name, backend], seconds, env);
  return (await succeed(name, ended)).stdout.trim();
};

const WORKS = {
  post: { hidden: '256', batch: 256, epochs: 10 },
  deep: { hidden: '1024,1024', batch: 512, epochs: 8 },
  layers: { hidden: '64,64,64,64', batch: 256, epochs: 2 },
} as const;
type WorkName = keyof typeof WORKS;

interface Trained {
  readonly secondsPerEpoch: number;
  readonly accuracy: number;
}

/** Seconds per epoch, by name; the last rows of the table compare them. */
const figures = new Map<string, number>();

interface How {
  /** Its time limit in seconds. */
  readonly limit: number;
  readonly epochs?: number;
  readonly flags?: readonly string[];
  readonly env?: Record<string, string>;
}

async function train(work: WorkName, backend: string, how: How): Promise<Trained> {
  const { hidden, batch } = WORKS[work];
  const { limit, epochs = WORKS[work].epochs, flags = [], env } = how;
  const settings = ['--dataset', DATA, '--hidden', hidden, '--batch-size', `${batch}`, '--epochs', `${epochs}`];
  // No checkpoints: the peers save nothing, and the disk is not measured.
  const where = ['--backend', backend, '--checkpoint-every', 'never', '--run-dir', newRun()];
  const { stdout } = await succeed('train', handgrad(['train', '--json', ...settings, ...where, ...flags], limit, env));
  const events = stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as { type: string; seconds: number; testAccuracy: number });
  const took = events.filter(({ type }) => type === 'epoch').map(({ seconds }) => seconds);
  return { secondsPerEpoch: warm(took), accuracy: events.at(-1)!.testAccuracy };
}

async function timed(name: string, work: WorkName, backend: string, how: How): Promise<string> {
  const { secondsPerEpoch, accuracy } = await train(work, backend, how);
  figures.set(name, secondsPerEpoch);
  return `${secondsPerEpoch.toFixed(4)} s an epoch, accuracy ${accuracy.toFixed(4)}`;
}

/** The test loss of a table with a category and missing values, trained with the defaults of tables. */
async function tableLoss(backend: string, env?: Record<string, string>): Promise<number> {
  const table = path.join(SCRATCH, 'table.csv');
  const colors = ['red', 'green', 'blue', ''];
  const rows = Array.from({ length: 600 }, (_, i) => {
    const x = ((i * 37) % 101) / 10;
    return `${x.toFixed(1)},${colors[i % 4]},${i % 7 === 0 ? 'NA' : (i * 13) % 29},${x + (i % 4) > 6 ? 'yes' : 'no'}`;
  });
  fs.writeFileSync(table, `size,color,count,label\n${rows.join('\n')}\n`);
  const flags = ['--dataset', table, '--epochs', '5', '--backend', backend, '--json', '--run-dir', newRun()];
  const { stdout } = await succeed('train', handgrad(['train', ...flags], 60, env));
  return (JSON.parse(stdout.trim().split('\n').at(-1)!) as { testLoss: number }).testLoss;
}

async function peer(name: string, work: WorkName, flags: readonly string[], limit: number): Promise<string> {
  const { hidden, batch, epochs } = WORKS[work];
  const script = path.join(APP, 'peers', 'post_in_memory.py');
  const settings = ['--hidden', hidden, '--batch-size', `${batch}`, '--epochs', `${epochs}`];
  const ended = await run('python3', [script, '--data', DATA, '--json', ...settings, ...flags], limit);
  if (ended.code === 4) throw new NotHere(ended.stderr.trim().split('\n').at(-1));
  if (ended.code === null && !ended.late) throw new NotHere(ended.stderr.trim());
  await succeed(name, Promise.resolve(ended));
  const lines = ended.stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as { seconds?: number; versions?: { torch: string } });
  const took = lines.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  figures.set(name, warm(took));
  return `${warm(took).toFixed(4)} s an epoch, the first ${took[0]!.toFixed(2)} s; torch ${lines[0]!.versions!.torch}`;
}

/** The median of the later half, when compilers and clocks have settled. */
function warm(seconds: readonly number[]): number {
  const late = seconds.slice(seconds.length >> 1).sort((a, b) => a - b);
  return late[late.length >> 1]!;
}

/** The profile of a step: the kernels one by one, and JavaScript without them. */
async function profile(work: WorkName, backend: 'cuda' | 'native'): Promise<string> {
  const { hidden, batch: batchSize } = WORKS[work];
  const question = { backend, dataset: DATA, hidden: hidden.split(',').map(Number), batchSize, steps: 200 };
  const ended = run(process.execPath, [path.join(APP, 'stepProcess.js'), JSON.stringify(question)], 40);
  const { step, javaScript, kernels } = JSON.parse((await succeed('profile', ended)).stdout) as Profile;
  const micros = (value: number) => `${value.toFixed(0)} µs`;
  const longest = kernels.toSorted((a, b) => b.micros - a.micros).slice(0, 4);
  const sum = kernels.reduce((total, one) => total + one.micros, 0);
  return [
    `${micros(step)} a step; JavaScript alone ${micros(javaScript)}`,
    `kernels one by one, each waited for, ${micros(sum)}`,
    ...longest.map(({ kernel, micros: each, calls }) => `${kernel} ${micros(each)} (${calls})`),
  ].join('; ');
}

function ratio(a: string, b: string): string {
  const [ours, theirs] = [figures.get(a), figures.get(b)];
  if (ours === undefined || theirs === undefined) throw new NotHere('one of the two was not measured');
  return `${(ours / theirs).toFixed(3)} of its time (${ours.toFixed(4)} s against ${theirs.toFixed(4)} s)`;
}

/** The hand-written gradients by finite differences, as `handgrad gradcheck` has them. */
async function gradcheck(backend: string, env?: Record<string, string>): Promise<string> {
  const { stdout } = await succeed(
    'gradcheck',
    handgrad(['gradcheck', '--dataset', DATA, '--backend', backend], 60, env),
  );
  const errors = [...stdout.matchAll(/(\d[\d.]*e-\d+)/g)].map(([, error]) => Number(error));
  return `${errors.length} gradients within ${Math.max(...errors).toExponential(1)} of the central difference`;
}

/** Kills a training at random times and resumes it until it finishes. */
async function killAndResume(): Promise<string> {
  const length = ['--limit', '12800', '--epochs', '12', '--checkpoint-every', '20'];
  const settings = ['--dataset', DATA, ...length, '--backend', 'cuda', '--quiet'];
  const [whole, killed] = [newRun(), newRun()];
  await succeed('the run that is not killed', handgrad(['train', ...settings, '--run-dir', whole], 60));
  let kills = 0;
  for (;;) {
    const begun = fs.existsSync(path.join(killed, 'config.json'));
    const how = begun ? ['--resume', killed, '--quiet'] : [...settings, '--run-dir', killed];
    const ended = await handgrad(['train', ...how], kills < 4 ? 1.1 + Math.random() / 2 : 60);
    if (!ended.late && ended.code === 0) break;
    if (!ended.late) throw new Error(`resuming ended with ${ended.code}: ${ended.stderr.trim().split('\n').at(-1)}`);
    kills++;
  }
  const bytes = (folder: string) => fs.readFileSync(path.join(folder, 'model.safetensors'));
  if (!bytes(whole).equals(bytes(killed)))
    throw new Error(`after ${kills} kills the model differs from that of the run that was not killed`);
  return `${kills} kills, each resumed: the same model, byte for byte`;
}

/** Training with too little GPU memory, because another program holds nearly all of it. */
async function withLittleMemory(): Promise<string> {
  const hold = [
    'import torch, time',
    'held = torch.empty(torch.cuda.mem_get_info()[0] - 1500 * 2**20, dtype=torch.uint8, device="cuda")',
    'print("held", flush=True)',
    'time.sleep(60)',
  ].join('\n');
  const holder = spawn('python3', ['-c', hold], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const said = await new Promise<string>((resolve) => {
      holder.once('error', ({ message }) => resolve(message));
      holder.stdout.setEncoding('utf8').once('data', resolve);
      holder.stderr.setEncoding('utf8').once('data', resolve);
    });
    if (said.trim() !== 'held') throw new NotHere(said.trim().split('\n').at(-1));
    const settings = ['--dataset', DATA, '--backend', 'cuda', '--batch-size', '60000', '--hidden', '2048'];
    const ended = await handgrad(['train', ...settings, '--run-dir', newRun()], 30);
    const sentence = ended.stderr.trim().split('\n').at(-1)!;
    if (ended.code !== 4 || !sentence.includes('--batch-size 30000'))
      throw new Error(`exit ${ended.code}: ${sentence}`);
    return `exit 4: ${sentence}`;
  } finally {
    holder.kill('SIGKILL');
  }
}

/** The GPU memory in use according to the driver, in MiB. */
function memoryInUse(): number {
  const said = execFileSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], {
    encoding: 'utf8',
  });
  return Number(said.trim().split('\n')[0]);
}

async function peakMemory(): Promise<string> {
  if (rows[0]!.verdict !== 'ok') throw new NotHere(rows[0]!.result);
  const before = memoryInUse();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, memoryInUse())), 150);
  try {
    await train('deep', 'cuda', { limit: 40 });
  } finally {
    clearInterval(timer);
  }
  return `${peak - before} MiB of the GPU's memory on the deep work, the driver's context included`;
}

/** Vulkan needs a loader and NVIDIA's description of its driver. */
function webgpuParts(): Record<string, string> {
  const folders = [
    '/usr/share/vulkan/icd.d',
    '/etc/vulkan/icd.d',
    '/usr/local/nvidia/share/vulkan/icd.d',
    '/usr/local/share/vulkan/icd.d',
  ];
  const driver = folders.map((folder) => path.join(folder, 'nvidia_icd.json')).find((file) => fs.existsSync(file));
  if (driver === undefined) throw new NotHere(`no nvidia_icd.json in ${folders.join(', ')}`);
  const loader = [
    path.join(APP, 'vulkan'),
    process.env['LD_LIBRARY_PATH'],
    path.join(path.dirname(driver), '../../../lib64'),
    path.join(path.dirname(driver), '../../../lib'),
  ];
  return { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: loader.filter(Boolean).join(':'), HANDGRAD_WEBGPU: APP };
}

async function main(): Promise<void> {
  await step('the GPU', () => {
    const query = ['--query-gpu=name,driver_version,memory.total,compute_cap', '--format=csv,noheader'];
    try {
      return execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim();
    } catch (error) {
      throw new NotHere(`nvidia-smi does not run (${(error as Error).message.split('\n')[0]})`);
    }
  });
  await step('cuda, the first step ever', async () => {
    const began = performance.now();
    const run = ['train', '--dataset', DATA, '--limit', '256', '--epochs', '1', '--backend', 'cuda', '--run-dir'];
    const { stderr } = await succeed('train', handgrad([...run, newRun()], 60));
    const device = stderr.split('\n').find((text) => text.startsWith('Backend:'));
    return `${seconds(began)}, kernels compiled; ${device}`;
  });
  await step('cuda, the first step again', async () => {
    const began = performance.now();
    const run = ['train', '--dataset', DATA, '--limit', '256', '--epochs', '1', '--backend', 'cuda', '--run-dir'];
    await succeed('train', handgrad([...run, newRun()], 60));
    return `${seconds(began)} from the command to its end`;
  });
  await step('cuda, kernels against float64', () => inProcess('kernels', 'cuda', 90));
  await step('cuda, gradcheck', () => gradcheck('cuda'));
  await step('cuda, gradcheck of the losses', () => inProcess('losses', 'cuda', 60));
  await step('cuda, PyTorch parity', () => inProcess('parity', 'cuda', 60));
  await step('cuda, optimizers and losses', () => inProcess('trajectories', 'cuda', 60));
  await step('cuda, the post', () => timed('cuda post', 'post', 'cuda', { limit: 60 }));
  await step('cuda, deep', () => timed('cuda deep', 'deep', 'cuda', { limit: 60 }));
  await step('cuda, where a step of the post goes', () => profile('post', 'cuda'));
  await step('cuda, where a step of deep goes', () => profile('deep', 'cuda'));
  await step('cuda, the post in TF32', () => timed('tf32 post', 'post', 'cuda', { limit: 60, flags: ['--tf32'] }));
  await step('cuda, deep in TF32', () => timed('tf32 deep', 'deep', 'cuda', { limit: 60, flags: ['--tf32'] }));
  await step('cuda, kill and resume', killAndResume);
  await step('cuda, the same bytes twice', async () => {
    const model = async () => {
      const folder = newRun();
      const run = ['train', '--dataset', DATA, '--epochs', '2', '--backend', 'cuda', '--quiet', '--run-dir', folder];
      await succeed('train', handgrad(run, 40));
      return fs.readFileSync(path.join(folder, 'model.safetensors'));
    };
    if (!(await model()).equals(await model())) throw new Error('two runs with one seed came to different models');
    return 'two runs with one seed come to one model';
  });
  await step('cuda, no GPU visible', async () => {
    const ended = await handgrad(['train', '--dataset', DATA, '--backend', 'cuda', '--run-dir', newRun()], 30, {
      CUDA_VISIBLE_DEVICES: '',
    });
    const said = ended.stderr.trim().split('\n').at(-1);
    if (rows[0]!.verdict !== 'ok') throw new NotHere(rows[0]!.result);
    if (ended.code !== 4) throw new Error(`ended with ${ended.code}, not 4: ${said}`);
    return `exit 4: ${said}`;
  });
  await step("cuda, the GPU's memory is full", withLittleMemory);
  await step('PyTorch eager, the post', () => peer('eager post', 'post', ['--device', 'cuda'], 60));
  await step('cuda / PyTorch eager, the post', () => ratio('cuda post', 'eager post'));
  await step('PyTorch eager, deep', () => peer('eager deep', 'deep', ['--device', 'cuda'], 60));
  await step('cuda / PyTorch eager, deep', () => ratio('cuda deep', 'eager deep'));
  await step('torch.compile, the post', () => peer('compiled post', 'post', ['--device', 'cuda', '--compile'], 90));
  await step('cuda / torch.compile, the post', () => ratio('cuda post', 'compiled post'));
  await step('torch.compile, deep', () => peer('compiled deep', 'deep', ['--device', 'cuda', '--compile'], 90));
  await step('cuda / torch.compile, deep', () => ratio('cuda deep', 'compiled deep'));
  await step('webgpu, the post', () =>
    timed('webgpu post', 'post', 'webgpu', { limit: 90, epochs: 3, env: webgpuParts() }),
  );
  await step('webgpu, gradcheck', () => gradcheck('webgpu', webgpuParts()));
  await step('webgpu, gradcheck of the losses', () => inProcess('losses', 'webgpu', 60, webgpuParts()));
  await step('webgpu, five layers with Adam', () => {
    const flags = ['--optimizer', 'adam', '--limit', '12800'];
    return timed('webgpu layers', 'layers', 'webgpu', { limit: 60, flags, env: webgpuParts() });
  });
  await step('a table on cpu, cuda and webgpu', async () => {
    const losses = {
      cpu: await tableLoss('cpu'),
      cuda: await tableLoss('cuda'),
      webgpu: await tableLoss('webgpu', webgpuParts()),
    };
    const apart = Math.max(...Object.values(losses)) - Math.min(...Object.values(losses));
    const said = Object.entries(losses).map(([backend, loss]) => `${backend} ${loss.toFixed(6)}`);
    if (!(apart < 1e-4)) throw new Error(`the test losses differ: ${said.join(', ')}`);
    return `test loss ${said.join(', ')}`;
  });
  await step('cuda, peak memory', peakMemory);
  const count = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict).length;
  process.stdout.write(`${count('ok')} ok, ${count('FAILED')} failed, ${count('not run')} not run\n`);
  process.exitCode = count('FAILED') > 0 ? 1 : 0;
}

const seconds = (began: number) => `${((performance.now() - began) / 1000).toFixed(2)} s`;

void main();
