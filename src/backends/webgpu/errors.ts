import type { DataId, KernelBackend } from '@tensorflow/tfjs-core';
import { HandgradError } from '../../errors';

/** The part of a GPUDevice used here. */
export interface WebGpuDevice {
  readonly lost: Promise<{ readonly message: string }>;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string }; preventDefault(): void }) => void,
  ): void;
}

/**
 * Makes a backend report the errors of its device. WebGPU does not throw: an operation that fails, because a buffer is
 * too large or memory is exhausted, leaves zeros and an unhandled event, and training continues. After the first such
 * event, every read throws.
 * @returns the same backend
 */
export function reportErrors(backend: KernelBackend, device: WebGpuDevice): KernelBackend {
  let failure: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // otherwise Dawn prints it as well
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
