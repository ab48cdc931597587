import type { Backend, Unavailable } from '../backend';
import type { CudaBuild } from './builtAddon';
import { type MissingLibrary, missingLibraries } from './cudaLibraries';
import { firstVisible, type NvidiaGpu, nvidiaGpus } from '../nvidia';
import { loadTfjsNode, type LoadedTensorFlow } from './tfjsNode';

/** TensorFlow on an NVIDIA GPU. TensorFlow itself reports the device that it uses: the package's name does not tell. */
export const tensorflowGpu: Backend = {
  async start(notice) {
    const tensorflow = await loadTfjsNode(notice, { gpu: true });
    if ('reason' in tensorflow) return tensorflow;
    const gpus = await nvidiaGpus();
    if (!tensorflow.usesGpu) return whyNoGpu(tensorflow, gpus);
    const { title, versions, cuda: build } = tensorflow;
    if (typeof gpus === 'string') return { device: `${title} on an NVIDIA GPU`, versions };
    const gpu = firstVisible(gpus);
    if (build && mustCompile(gpu, build)) {
      notice(
        `${title} has no kernels for the ${gpu.name} and compiles each at its first use: ` +
          `the first steps may take minutes, and the driver keeps the result.`,
      );
    }
    return { device: `${describe(gpu)}, through ${title}`, versions: { ...versions, driver: gpu.driver } };
  },
};

/** `NVIDIA H100 80GB HBM3 (81,559 MiB, compute capability 9.0, driver 580.159.04)` */
export function describe({ name, memoryMiB, capability, driver }: NvidiaGpu): string {
  const memory = `${memoryMiB.toLocaleString('en-US')} MiB`;
  return `${name} (${memory}, compute capability ${(capability / 10).toFixed(1)}, driver ${driver})`;
}

/** Compiled kernels run on GPUs of the same major capability and an equal or higher minor one. */
export function mustCompile({ capability }: NvidiaGpu, { capabilities }: CudaBuild): boolean {
  const major = (one: number) => Math.floor(one / 10);
  return capabilities.length > 0 && !capabilities.some((one) => major(one) === major(capability) && one <= capability);
}

async function whyNoGpu(tensorflow: LoadedTensorFlow, gpus: readonly NvidiaGpu[] | string): Promise<Unavailable> {
  if (typeof gpus === 'string' || !tensorflow.cuda || hidesAll()) return explainNoGpu(tensorflow, gpus);
  const { missing, errors } = await missingLibraries(tensorflow.folder);
  return explainNoGpu(tensorflow, gpus, missing, errors);
}

/** Whether the environment hides every GPU from CUDA. */
const hidesAll = (visible = process.env['CUDA_VISIBLE_DEVICES']) =>
  visible !== undefined && /^(-1.*|\s*)$/.test(visible);

const OTHERS = 'or choose the webgpu backend, which needs no CUDA, or tensorflow or wasm';

/**
 * Why TensorFlow runs on the CPU, and the remedy.
 * @param missing the libraries that it could not load
 * @param errors CUDA's messages
 */
export function explainNoGpu(
  { title, cuda: build }: Pick<LoadedTensorFlow, 'title' | 'cuda'>,
  gpus: readonly NvidiaGpu[] | string,
  missing: readonly MissingLibrary[] = [],
  errors: readonly string[] = [],
): Unavailable {
  const none = `${title} finds no GPU that it can use`;
  if (hidesAll())
    return { reason: `${none}: CUDA_VISIBLE_DEVICES hides them all`, remedy: 'unset CUDA_VISIBLE_DEVICES' };
  if (typeof gpus === 'string') {
    return { reason: `${none}: ${gpus}`, remedy: `install NVIDIA's driver where there is a GPU, ${OTHERS}` };
  }
  const names = [...new Set(gpus.map(describe))].join(', ');
  const current = 'install "tensorflow[and-cuda]" with pip and run "handgrad setup tensorflow --python PYTHON"';
  if (!build) {
    return {
      reason: `${title} was built for the processor only, and this machine has ${names}`,
      remedy: `${current}, ${OTHERS}`,
    };
  }
  const wants = `CUDA ${build.cuda} and cuDNN ${build.cudnn}`;
  if (missing.length === 0) {
    const said = errors[0] ? `: ${errors[0]}` : '';
    return {
      reason: `${none} although this machine has ${names}${said}`,
      remedy: `check the driver, which ${wants} needs, ${OTHERS}`,
    };
  }
  const lists = missing.map(
    ({ needed, why, found }) => `${needed} (${found.length > 0 ? `found ${found.join(', ')}` : why})`,
  );
  return {
    reason: `${none} on this machine's ${names}: it needs ${wants} and could not load ${lists.join(', ')}`,
    remedy: `install those, or ${current} for a current CUDA, ${OTHERS}`,
  };
}
