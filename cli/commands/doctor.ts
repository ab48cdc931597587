import { defaultDataDir } from '../../src/data/defaultDataDir';
import { diagnose, type Diagnosis } from '../../src/doctor/diagnose';
import type { BackendReport } from '../../src/doctor/probeBackend';
import { HandgradError } from '../../src/errors';
import { keysDeciding, pick } from '../../src/runs/config';
import { type Args, resolveArgs, settingOptions } from '../arguments/options';
import { formatBytes } from '../../src/words';
import { table } from '../terminal/table';
import { createTerminal, type Io, type Terminal } from '../terminal/terminal';
import { type Command, OUTPUT_OPTIONS } from '../arguments/command';

/** The folder of all runs. */
const RUN_ROOT = 'runs';

export const command: Command = {
  options: { ...settingOptions([...keysDeciding('backend'), 'dataDir']), ...OUTPUT_OPTIONS },
  examples: [
    ['doctor', 'what this machine can run'],
    ['doctor --backend tensorflow-gpu', 'exits with 4 unless the GPU can be used'],
    ['doctor --json', 'the same for scripts'],
  ],
  run: runDoctor,
};

async function runDoctor(args: Args, io: Io): Promise<void> {
  const terminal = createTerminal(io, { quiet: args['quiet'] === true });
  const { config } = await resolveArgs(args, io.env);
  const { dataDir = defaultDataDir() } = config;
  const onStep = (step: string) => terminal.notice(terminal.err.dim(`${step} …`));
  const diagnosis = await diagnose({ ...pick(config, keysDeciding('backend')), dataDir, runRoot: RUN_ROOT, onStep });
  if (args['json'] === true) terminal.json(diagnosis);
  else print(diagnosis, terminal);
  if (diagnosis.ready) return;
  throw new HandgradError('backend', `${diagnosis.verdict.replace(/\.$/, '')}; next: handgrad ${diagnosis.next}.`);
}

function print(diagnosis: Diagnosis, { result, out }: Terminal): void {
  const { node, os, cpu, memory, runs, backends, cuda, datasets, ready, verdict, next } = diagnosis;
  const features = cpu.features.length > 0 ? ` (${cpu.features.join(' ')})` : '';
  const facts = [
    ['Node', `${node.version}, ABI ${node.abi}, Node-API ${node.napi}`],
    ['System', os],
    ['Processor', `${cpu.model}, ${cpu.processors} usable${features}`],
    ['Memory', `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.freeBytes)} free`],
    ['Runs', `${runs.folder}/, ${runs.writable ? 'writable' : 'NOT writable'}, ${formatBytes(runs.freeBytes)} free`],
    ...datasets.map(({ name, state, problem }) => [name, problem ? `${state}: ${problem}` : state]),
    ['NVIDIA', cuda.problem ?? cuda.gpus.map((gpu) => `${gpu.name}, driver ${gpu.driver}`).join('; ')],
    ...cuda.libraries.map(({ needed, found }) => ['', `${needed}: ${found.join(', ') || 'not found'}`]),
  ];
  const width = Math.max(...facts.map(([name]) => name!.length)) + 2;
  for (const [name, fact] of facts) result(`${name!.padEnd(width)}${fact}`);
  result('');
  const running = backends.filter((one) => one.runs);
  const rows = running.map((one) => [one.name, one.gflops.toFixed(1), one.largestError.toExponential(1), one.device]);
  if (rows.length > 0) result(table(['Backend', 'GFLOP/s', 'Error', 'Device'], rows, 'lrrl'));
  for (const line of backends.flatMap(complaints)) result(line);
  if (ready) result(`\n${out.bold(verdict)}\nNext: handgrad ${next}`);
}

function complaints(backend: BackendReport): string[] {
  if (!backend.runs) return [`${backend.name} does not run: ${backend.reason}`];
  if (backend.missingKernels.length === 0) return [];
  return [`${backend.name} cannot train: it lacks ${backend.missingKernels.join(', ')}`];
}
