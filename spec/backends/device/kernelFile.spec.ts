import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  declaredKernels,
  kernelTable,
  MOST_PARAMETERS,
  readSource,
  splitKernels,
} from '../../../src/backends/device/kernelFile';
import { findCompiler } from '../../../src/backends/device/native/compile';
import { librarySource } from '../../../src/backends/device/native/sources';
import { need } from '../../need';

describe('declaredKernels', () => {
  it('reads names and parameters, over several lines too', () => {
    const source = `
KERNEL(scale)(const float* x, float by, byte* out,
              int n) {
  EACH(i, n) out[i] = x[i] * by;
}
KERNEL(fill)(int* out, int value, int n) { EACH(i, n) out[i] = value; }`;
    expect(declaredKernels(source)).to.deep.equal([
      {
        name: 'scale',
        parameters: [
          { type: 'const float*', kind: 'pointer' },
          { type: 'float', kind: 'number' },
          { type: 'byte*', kind: 'pointer' },
          { type: 'int', kind: 'integer' },
        ],
      },
      {
        name: 'fill',
        parameters: [
          { type: 'int*', kind: 'pointer' },
          { type: 'int', kind: 'integer' },
          { type: 'int', kind: 'integer' },
        ],
      },
    ]);
  });

  it('expands macros that declare one, in the order of their use, whatever their arguments hold', () => {
    const source = `
#define UNARY(name, T, R, expression) \\
  KERNEL(name)(const T* x, R* out, int n) { \\
    EACH(i, n) out[i] = expression; \\
  }
UNARY(half, float, float, HALF(x, 2))
UNARY(truth, int, byte, (x[i] > 0, x[i] != 0))
KERNEL(last)(float T) {}
UNARY(again, byte, int, T(x[i]))`;
    const found = declaredKernels(source);
    expect(found.map(({ name }) => name)).to.deep.equal(['half', 'truth', 'last', 'again']);
    expect(found.map(({ parameters }) => parameters.map(({ type }) => type).join())).to.deep.equal([
      'const float*,float*,int',
      'const int*,byte*,int',
      'float',
      'const byte*,int*,int',
    ]);
  });

  it('takes comments, definitions, calls and other macros for no kernel', () => {
    const source = `
// KERNEL(commented)(int n) {}
#define KERNEL(name) static void kernel_##name
#define TWICE(x) (2 * (x))
TWICE(3);
static void other(int n) {
  KERNEL(indented)(int n);
}`;
    expect(declaredKernels(source)).to.deep.equal([]);
  });

  it('refuses what a launch cannot carry, and text that does not end', () => {
    expect(() => declaredKernels('KERNEL(wide)(double x) {}')).to.throw(/kernel wide .* double/);
    expect(() => declaredKernels('KERNEL(longer)(long long n) {}')).to.throw(/kernel longer .* long long/);
    const many = Array.from({ length: MOST_PARAMETERS + 1 }, (_, i) => `int a${i}`);
    expect(() => declaredKernels(`KERNEL(many)(${many.join(', ')}) {}`)).to.throw(/many has 25 parameters/);
    expect(declaredKernels(`KERNEL(most)(${many.slice(1).join(', ')}) {}`)[0]!.parameters).to.have.length(24);
    expect(() => declaredKernels('KERNEL(open)(int n { }')).to.throw(/not closed: \(int n/);
  });

  it('finds every kernel that a compiler sees in the library, with the same parameters', function () {
    const compiler = findCompiler();
    need(this, compiler ? undefined : 'there is no C++ compiler');
    const { files, kernels } = librarySource();
    const preprocess = (input: string) =>
      execFileSync(compiler!, ['-E', '-P', '-x', 'c++', '-'], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
    const preprocessed = files.map(preprocess).join('\n');
    const found = [...preprocessed.matchAll(/static void kernel_(\w+)\s*\(([^)]*)\)/g)].map(([, name, list]) => {
      const types = list!.split(',').map((one) =>
        one
          .replace(/\w+\s*$/, '')
          .replace('__restrict__', '')
          .replace(/\s+/g, '')
          .replace(/(const)/, '$1 '),
      );
      return `${name}(${types.join()})`;
    });
    expect(found.length).to.be.above(100);
    expect(new Set(found).size).to.equal(found.length);
    expect(
      kernels.map(({ name, parameters }) => `${name}(${parameters.map(({ type }) => type).join()})`),
    ).to.deep.equal(found);
  });
});

describe('splitKernels', () => {
  const source = readSource('kernels.cpp');

  it('gives every kernel to one part, and all else to each', () => {
    const parts = splitKernels(source, 3);
    const names = parts.map(({ kernels }) => kernels.map(({ name }) => name));
    expect(names.flat().sort()).to.deep.equal(
      declaredKernels(source)
        .map(({ name }) => name)
        .sort(),
    );
    for (const [i, { text, kernels }] of parts.entries()) {
      expect(declaredKernels(text)).to.deep.equal(kernels);
      expect(kernels.length, `part ${i}`).to.be.within(30, 40);
      expect(text).to.contain('#define BINARY(').and.to.contain('#define REDUCE(');
    }
  });

  it('takes out a kernel with all of its body, and nothing else', () => {
    const text = '// one\nKERNEL(one)(int n) {\n  if (n) { }\n}\n// two\nKERNEL(two)(int n) { }\n// end\n';
    const [first, second] = splitKernels(text, 2);
    expect(first!.text).to.equal('// one\nKERNEL(one)(int n) {\n  if (n) { }\n}\n// two\n\n// end\n');
    expect(second!.text).to.equal('// one\n\n// two\nKERNEL(two)(int n) { }\n// end\n');
  });
});

describe('kernelTable', () => {
  it('is a case for each kernel, its parameters out of the slots by their types', () => {
    const kernels = declaredKernels('KERNEL(scale)(const float* x, float by, int n) {}\nKERNEL(next)(int n) {}');
    const table = kernelTable('call', kernels);
    expect(table).to.contain(
      'case 0: return kernel_scale((const float*)slots[0].pointer, slots[1].number, slots[2].integer);',
    );
    expect(table).to.contain('case 1: return kernel_next(slots[0].integer);');
    expect(table).to.match(/^void call\(int kernel, const Slot\* slots\)/);
    expect(kernelTable('call', kernels, [7, 9]))
      .to.contain('case 7: return kernel_scale(')
      .and.contain('case 9:');
  });
});
