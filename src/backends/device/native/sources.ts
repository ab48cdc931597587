import { declaredKernels, type KernelDeclaration, kernelTable, MOST_PARAMETERS, readSource } from '../kernelFile';
import { RING } from './library';

/** The source of the library, one text, and the kernels in it in the order of their numbers. */
export interface LibrarySource {
  readonly text: string;
  readonly kernels: readonly KernelDeclaration[];
}

/** Puts the library's source together: the words, the kernels, the products, the launcher, and the table of kernels. */
export function librarySource(): LibrarySource {
  const [prelude, kernelFile, matmul, launcher] = [
    'native/prelude.h',
    'kernels.cpp',
    'native/matmul.cpp',
    'native/launcher.cpp',
  ].map(readSource);
  const kernels = [kernelFile, matmul, launcher].flatMap((text) => declaredKernels(text!));
  const sizes = `#define RING ${RING}\n#define SLOTS ${MOST_PARAMETERS}`;
  return { text: [sizes, prelude, kernelFile, matmul, launcher, kernelTable(kernels)].join('\n'), kernels };
}
