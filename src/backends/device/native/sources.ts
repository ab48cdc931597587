import {
  declaredKernels,
  type KernelDeclaration,
  kernelTable,
  MOST_PARAMETERS,
  readSource,
  splitKernels,
} from '../kernelFile';
import { RING } from './library';

/** The source of the library: files that are compiled in parallel, and the kernels in the order of their numbers. */
export interface LibrarySource {
  readonly files: readonly string[];
  readonly kernels: readonly KernelDeclaration[];
}

/** The kernel file takes longest to compile; with the launcher's file, three compilers run. */
const PARTS = 2;

/** Assembles the library's source: the macros, the kernels, the products, the launcher, and the kernel tables. */
export function librarySource(): LibrarySource {
  const sizes = `#define RING ${RING}\n#define SLOTS ${MOST_PARAMETERS}`;
  const prelude = readSource('native/prelude.h');
  const products =
    process.platform === 'darwin' ? ['native/matmul.cpp', 'native/accelerate.cpp'] : ['native/matmul.cpp'];
  const rest = [...products, 'native/launcher.cpp'].map(readSource);
  const parts = splitKernels(readSource('kernels.cpp'), PARTS);
  const groups = [...parts.map((part) => part.kernels), rest.flatMap((text) => declaredKernels(text))];
  const kernels = groups.flat();
  const table = (group: number) =>
    kernelTable(
      `callKernel${group}`,
      groups[group]!,
      groups[group]!.map((kernel) => kernels.indexOf(kernel)),
    );
  const files = parts.map(({ text }, part) => [sizes, prelude, text, table(part)].join('\n'));
  return { files: [...files, [sizes, prelude, ...rest, table(PARTS), choice(groups)].join('\n')], kernels };
}

/** C++ that calls the table of a kernel. The kernels of a table have consecutive numbers. */
function choice(groups: readonly (readonly unknown[])[]): string {
  const ends = groups.map((_, group) => groups.slice(0, group + 1).flat().length);
  const others = ends
    .slice(0, -1)
    .map((end, group) => `  if (kernel < ${end}) return callKernel${group}(kernel, slots);\n`);
  const declared = ends.slice(0, -1).map((_, group) => `void callKernel${group}(int kernel, const Slot* slots);\n`);
  const last = `  return callKernel${groups.length - 1}(kernel, slots);\n`;
  return `${declared.join('')}void callKernel(int kernel, const Slot* slots) {\n${others.join('')}${last}}\n`;
}
