import { AUTO_ORDER, type BackendName, BACKENDS } from '../backends';
import { setupFolder, readBuiltAddon } from '../backends/tensorflow/builtAddon';
import { inspectCudaLibraries, type LibraryReport } from '../backends/tensorflow/cudaLibraries';
import { type NvidiaGpu, nvidiaGpus } from '../backends/nvidia';
import type { CudaPart } from '../backends/device/cuda/cuda';
import { type CompilerReport, inspectCompiler, inspectCudaParts } from './buildTools';
import { type DatasetReport, inspectDatasets } from './datasets';
import { inspectMachine, type Machine } from './machine';
import { type BackendReport, probeBackend } from './probeBackend';

/** The results of `doctor`. */
export interface Diagnosis extends Machine {
  readonly backends: readonly BackendReport[];
  readonly cuda: {
    readonly gpus: readonly NvidiaGpu[];
    /** Why there is no GPU. */
    readonly problem?: string;
    /** What the cuda backend needs: the driver, NVRTC and cuBLAS. */
    readonly parts: readonly CudaPart[];
    /** The libraries of the installed TensorFlow for GPUs; empty without one. */
    readonly libraries: readonly LibraryReport[];
  };
  /** The C++ compiler of the native backend. */
  readonly compiler: CompilerReport;
  readonly datasets: readonly DatasetReport[];
  /** Whether training can start here with these settings. */
  readonly ready: boolean;
  /** One sentence. */
  readonly verdict: string;
  /** The command to type next, without the program's name. */
  readonly next: string;
}

/** What a diagnosis looks at. */
export interface DiagnoseOptions {
  /** `auto`, or the backend that must run. */
  readonly backend: 'auto' | BackendName;
  readonly threads?: number;
  readonly allowSoftware?: boolean;
  readonly dataDir: string;
  readonly runRoot: string;
  /** Receives a line before each slow step. */
  readonly onStep?: (step: string) => void;
}

/** Enough for a run folder with its checkpoints. */
const LOW_DISK_BYTES = 50e6;

/** Inspects the machine, starts every backend, and verifies the data sets. Nothing is written or downloaded. */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { onStep = () => {}, dataDir, runRoot, threads, allowSoftware } = options;
  const machine = await inspectMachine(runRoot);
  onStep('Verifying the data sets');
  const datasets = await inspectDatasets(dataDir);
  const backends: BackendReport[] = [];
  for (const name of Object.keys(BACKENDS) as BackendName[]) {
    onStep(`Starting ${name}`);
    // One at a time: in parallel they would slow each other down.
    backends.push(await probeBackend(name, { threads: name === 'wasm' ? threads : undefined, allowSoftware }));
  }
  const found = await nvidiaGpus();
  const parts = await inspectCudaParts();
  const cuda =
    typeof found === 'string'
      ? { gpus: [], problem: found, parts, libraries: [] }
      : { gpus: found, parts, libraries: await inspectCudaLibraries(readBuiltAddon(setupFolder())) };
  const compiler = await inspectCompiler();
  return { ...machine, backends, cuda, compiler, datasets, ...judge(options, machine, backends, datasets) };
}

/** The verdict: the first problem that prevents training, or the backend it would use. */
export function judge(
  { backend }: Pick<DiagnoseOptions, 'backend'>,
  { runs }: Pick<Machine, 'runs'>,
  backends: readonly BackendReport[],
  datasets: readonly DatasetReport[],
): Pick<Diagnosis, 'ready' | 'verdict' | 'next'> {
  const wanted = backend === 'auto' ? AUTO_ORDER : [backend];
  const usable = backends.filter((one) => one.runs && one.missingKernels.length === 0).map(({ name }) => name);
  const taken = wanted.find((name) => usable.includes(name));
  const damaged = datasets.find(({ state }) => state === 'damaged');
  const no = (verdict: string, next: string) => ({ ready: false, verdict, next });
  if (taken === undefined) {
    const ofTensorFlow = backend === 'tensorflow' || backend === 'tensorflow-gpu';
    const refused = backends.find(({ name }) => name === backend);
    const why = refused && (refused.runs ? `it lacks ${refused.missingKernels.join(', ')}` : refused.reason);
    const what = refused ? `The ${backend} backend does not run here: ${why}` : 'No backend runs here';
    return no(`${what}.`, ofTensorFlow ? 'setup tensorflow' : 'train --backend wasm');
  }
  if (!runs.writable) return no(`The folder for runs, ${runs.folder}, cannot be written.`, 'train --run-dir DIR');
  if (runs.freeBytes < LOW_DISK_BYTES) return no(`The disk of ${runs.folder} is full.`, 'train --run-dir DIR');
  if (damaged) return no(`The data set ${damaged.name} is damaged: ${damaged.problem}.`, `download ${damaged.name}`);
  const slow = taken === 'wasm' && backend === 'auto' ? '; the native backend would be faster' : '';
  return { ready: true, verdict: `This machine is ready to train, on the ${taken} backend${slow}.`, next: 'train' };
}
