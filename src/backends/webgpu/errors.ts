import type { DataId, KernelBackend } from '@tensorflow/tfjs-core';
import { HandgradError } from '../../errors';

/** A GPUDevice: what is used of it here. */
export interface WebGpuDevice {
  readonly lost: Promise<{ readonly message: string }>;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string }; preventDefault(): void }) => void,
  ): void;
}

/**
 * Makes a backend report what goes wrong on its device. WebGPU throws nothing: an operation that fails, because a
 * buffer is too large or the memory is full, leaves zeros, an event that nobody hears, and a training run that goes on.
 * From the first such event on, every number that is read is an error instead.
 * @returns the same backend
 */
export function reportErrors(backend: KernelBackend, device: WebGpuDevice): KernelBackend {
  let failure: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // otherwise Dawn prints it too
    failure ??= event.error.message;
  });
  void device.lost.then(({ message }) => (failure ??= `the device was lost: ${message}`));
  const read = backend.read.bind(backend);
  backend.read = async (dataId: DataId) => {
    const values = await read(dataId).catch((error: unknown) => {
      if (failure === undefined) throw error;
    });
    if (failure === undefined) return values!;
    const firstLine = failure.split('\n')[0]!.replace(/\.$/, '');
    throw new HandgradError(
      'backend',
      `The GPU could not compute what it was asked for (${firstLine}): try a smaller batch or network, ` +
        `or another backend.`,
    );
  };
  return backend;
}
