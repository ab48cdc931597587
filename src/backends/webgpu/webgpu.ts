import { pathToFileURL } from 'node:url';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { Backend, Running, Unavailable } from '../backend';
import { installedPackages, type InstalledPackage } from '../installedPackages';
import { activate, commonVersions, core, loadQuietly } from '../tensorflowJs';
import { replaceKernel } from '../replaceKernel';
import { addNInParts } from './addN';
import { reportErrors, type WebGpuDevice } from './errors';

const DAWN = 'webgpu';
const BACKEND = '@tensorflow/tfjs-backend-webgpu';
const VARIABLE = 'HANDGRAD_WEBGPU';

// The limits that TensorFlow.js's shaders need at the adapter's maximum; by default a device has the minimum.
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

// The parts of WebGPU used here, named as in its specification.
type AdapterInfo = Record<'vendor' | 'architecture' | 'device' | 'description', string> & {
  isFallbackAdapter: boolean;
};
interface Adapter {
  readonly info: AdapterInfo;
  readonly limits: Record<(typeof LIMITS)[number], number>;
  requestDevice(wanted: { requiredLimits: Record<string, number> }): Promise<WebGpuDevice>;
}
interface Gpu {
  requestAdapter(wanted: { powerPreference: 'high-performance' }): Promise<Adapter | null>;
}
interface Dawn {
  create(options: readonly string[]): Gpu;
  readonly globals: object;
}
type WebGpuBackendClass = new (device: WebGpuDevice, info: AdapterInfo) => KernelBackend;

let running: Running | undefined;

/** Any GPU, by Vulkan, Metal or Direct3D 12: TensorFlow.js's WebGPU backend on Dawn, Chrome's WebGPU. */
export const webgpu: Backend = {
  async start(_notice, { allowSoftware = false }) {
    if (!running) {
      const found = installedPackages([DAWN, BACKEND], VARIABLE);
      const dawn = found.find(({ name }) => name === DAWN);
      const backend = found.find(({ name, version }) => name === BACKEND && version === core().version_core);
      if (!dawn || !backend) return notInstalled(dawn, backend);
      const started = await startOn(dawn, backend, allowSoftware);
      if ('reason' in started) return started;
      running = started;
    }
    await activate('webgpu');
    return running;
  },
};

async function startOn(
  dawnPackage: InstalledPackage,
  backendPackage: InstalledPackage,
  allowSoftware: boolean,
): Promise<Running | Unavailable> {
  const dawnPath = pathToFileURL(require.resolve(dawnPackage.folder)).href;
  const dawn = (await import(dawnPath)) as Dawn;
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    return {
      reason: 'no GPU offers it Vulkan, Metal or Direct3D 12',
      remedy:
        "install the GPU's driver (on Linux with Vulkan: libvulkan1, and vulkaninfo has to list it), " +
        'or choose the wasm backend',
    };
  }
  const { info } = adapter;
  if (info.isFallbackAdapter && !allowSoftware) {
    return {
      reason: `the only adapter is a program on the processor (${info.description})`,
      remedy: 'set `allowSoftware` to compute on it all the same, or choose the wasm backend, which is much faster',
    };
  }
  Object.assign(globalThis, dawn.globals); // globals such as GPUBufferUsage
  const { WebGPUBackend } = await loadQuietly(
    () => require(backendPackage.folder) as { WebGPUBackend: WebGpuBackendClass },
  );
  // The factory keeps a reference to `gpu`, without which Dawn stops working.
  core().registerBackend('webgpu', async () => {
    const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
    const device = await adapter.requestDevice({ requiredLimits });
    return reportErrors(
      withNavigator(gpu, () => new WebGPUBackend(device, info)),
      device,
    );
  });
  replaceKernel('webgpu', 'AddN', addNInParts);
  const name = info.device || info.description;
  return {
    device: `${name} through WebGPU (${[info.vendor, info.architecture, info.description].filter(Boolean).join(', ')})`,
    versions: { ...commonVersions(), 'tfjs-backend-webgpu': backendPackage.version, webgpu: dawnPackage.version },
  };
}

/**
 * TensorFlow.js looks for the browser's `navigator.gpu` when it creates its backend.
 * It is defined only during that call: other code takes a global navigator for a browser.
 */
function withNavigator<T>(gpu: Gpu, work: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return work();
  } finally {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  }
}

function notInstalled(dawn: InstalledPackage | undefined, backend: InstalledPackage | undefined): Unavailable {
  const wanted = core().version_core;
  const missing = [!dawn && DAWN, !backend && `${BACKEND} ${wanted}`].filter((name) => name !== false);
  const folder = process.env[VARIABLE];
  return {
    reason:
      `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not ` +
      `installed${folder ? ` in ${folder}, which ${VARIABLE} names` : ''}`,
    remedy:
      `run "npm install ${DAWN}@^0.6.2 ${BACKEND}@${wanted}"${folder ? ' in that folder' : ''}, ` +
      `or choose the wasm backend`,
  };
}
