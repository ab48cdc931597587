import { defaultDataDir } from '../../src/data/defaultDataDir';
import type { Diagnosis } from '../../src/doctor/diagnose';
import type { BackendReport } from '../../src/doctor/probeBackend';
import { HandgradError } from '../../src/errors';
import { keysAffecting, pick } from '../../src/runs/config';
import { formatBytes } from '../../src/words';
import { defineCommand, OUTPUT } from '../arguments/command';
import { library } from '../library';
import { table } from '../terminal/table';
import type { Terminal } from '../terminal/terminal';
import { cut, widthOf, wrapped } from '../terminal/text';

/** The folder of all runs. */
const RUN_ROOT = 'runs';
const BACKEND = keysAffecting('backend');

export const command = defineCommand({
  summary: 'report what this machine can run, and how to fix what it cannot',
  settings: [...BACKEND, 'dataDir'],
  flags: OUTPUT,
  examples: [
    ['doctor', 'what this machine can run'],
    ['doctor --backend tensorflow-gpu', 'exits with 4 unless the GPU can be used'],
    ['doctor --json', 'the same for scripts'],
  ],
  async run({ json }, { config, terminal }) {
    const { diagnose } = library.doctor();
    const { dataDir = defaultDataDir() } = config;
    const onStep = (step: string) => terminal.notice(terminal.err.dim(`${step} …`));
    const diagnosis = await diagnose({ ...pick(config, BACKEND), dataDir, runRoot: RUN_ROOT, onStep });
    if (json) terminal.json(diagnosis);
    else print(diagnosis, terminal);
    if (diagnosis.ready) return;
    throw new HandgradError('backend', `${diagnosis.verdict.replace(/\.$/, '')}; next: handgrad ${diagnosis.next}.`);
  },
});

const HEADING = ['Backend', 'GFLOP/s', 'Error', 'Device'];

function print(diagnosis: Diagnosis, { result, out, lineWidth }: Terminal): void {
  const { node, os, cpu, memory, runs, backends, cuda, compiler, datasets, ready, verdict, next } = diagnosis;
  const features = cpu.features.length > 0 ? ` (${cpu.features.join(' ')})` : '';
  const facts = [
    ['Node', `${node.version}, ABI ${node.abi}, Node-API ${node.napi}`],
    ['System', os],
    ['Processor', `${cpu.model}, ${cpu.processors} usable${features}`],
    ['Memory', `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.freeBytes)} free`],
    ['Runs', `${runs.folder}/, ${runs.writable ? 'writable' : 'NOT writable'}, ${formatBytes(runs.freeBytes)} free`],
    ...datasets.map(({ name, state, problem }) => [name, problem ? `${state}: ${problem}` : state]),
    ['C++', 'problem' in compiler ? compiler.problem : `${compiler.version}, ${compiler.file}`],
    ['NVIDIA', cuda.problem ?? cuda.gpus.map((gpu) => `${gpu.name}, driver ${gpu.driver}`).join('; ')],
    ...cuda.parts.map(({ name, found, problem }) => ['', `${name}: ${found ?? problem}`]),
    ...cuda.libraries.map(({ needed, found }) => ['', `${needed}: ${found.join(', ') || 'not found'}`]),
  ];
  const width = Math.max(...facts.map(([name]) => name!.length)) + 2;
  for (const [name, fact] of facts) result(wrapped(`${name!.padEnd(width)}${fact}`, lineWidth, width));
  result('');
  const running = backends.filter((one) => one.runs);
  const rows = running.map((one) => [one.name, one.gflops.toFixed(1), one.largestError.toExponential(1), one.device]);
  const figures =
    widthOf(
      table(
        HEADING,
        rows.map((row) => [...row.slice(0, 3), '']),
        'lrrl',
      ),
    ) - 'Device'.length;
  const fitted = rows.map((row) => [...row.slice(0, 3), cut(row[3]!, lineWidth - figures)]);
  if (rows.length > 0) result(table(HEADING, fitted, 'lrrl'));
  for (const line of backends.flatMap(complaints)) result(line);
  if (ready) result(`\n${out.bold(verdict)}\nNext: handgrad ${next}`);
}

function complaints(backend: BackendReport): string[] {
  if (!backend.runs) return [`${backend.name} does not run: ${backend.reason}`];
  if (backend.missingKernels.length === 0) return [];
  return [`${backend.name} cannot train: it lacks ${backend.missingKernels.join(', ')}`];
}
