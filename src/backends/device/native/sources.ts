import { declaredKernels, type KernelDeclaration, kernelTable, MOST_PARAMETERS, readSource } from '../kernelFile';
import { RING } from './library';

/** The source of the library, one text, and the kernels in it in the order of their numbers. */
export interface LibrarySource {
  readonly text: string;
  readonly kernels: readonly KernelDeclaration[];
}

/** Puts the library's source together: the words, the kernels, the products, the launcher, and the table of kernels. */
export function librarySource(): LibrarySource {
  const products =
    process.platform === 'darwin' ? ['native/matmul.cpp', 'native/accelerate.cpp'] : ['native/matmul.cpp'];
  const parts = ['kernels.cpp', ...products, 'native/launcher.cpp'].map(readSource);
  const kernels = parts.flatMap((text) => declaredKernels(text));
  const sizes = `#define RING ${RING}\n#define SLOTS ${MOST_PARAMETERS}`;
  return { text: [sizes, readSource('native/prelude.h'), ...parts, kernelTable(kernels)].join('\n'), kernels };
}
