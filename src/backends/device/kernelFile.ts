import fs from 'node:fs';
import path from 'node:path';

/** Parameters that a kernel may have: a launch has room for no more. */
export const MOST_PARAMETERS = 24;

/** How a kernel takes a parameter: an address in the device's memory, an integer, or a float. */
export type ParameterKind = 'pointer' | 'integer' | 'number';

/** A kernel as its source declares it. */
export interface KernelDeclaration {
  readonly name: string;
  readonly parameters: readonly { readonly type: string; readonly kind: ParameterKind }[];
}

/**
 * The kernels that a source file declares, in its order: `KERNEL(name)(parameters)`, by itself or inside a macro that is
 * used at the beginning of a line, such as `UNARY(name, …)`. The sources are this folder's, so only their form is known.
 */
export function declaredKernels(source: string): KernelDeclaration[] {
  const kernels: KernelDeclaration[] = [];
  const macros = new Map<string, { parameters: readonly string[]; body: string }>();
  const lines = source.replace(/\\\n/g, ' ').split('\n');
  for (const line of lines) {
    const macro = /^#define (\w+)\(([^)]*)\)(.*\bKERNEL\(name\).*)$/.exec(line);
    if (macro) macros.set(macro[1]!, { parameters: splitList(macro[2]!), body: macro[3]! });
  }
  // A declaration may be longer than a line.
  const text = lines.filter((line) => !/^\s*(#|\/\/)/.test(line)).join('\n');
  for (const found of text.matchAll(/^(\w+)\(/gm)) {
    const rest = text.slice(found.index);
    const macro = macros.get(found[1]!);
    if (found[1] === 'KERNEL') kernels.push(declaration(rest));
    else if (macro) kernels.push(declaration(expand(macro, splitList(inParentheses(rest)))));
  }
  return kernels;
}

/** `KERNEL(name)(const float* x, int n) {…` */
function declaration(text: string): KernelDeclaration {
  const name = /KERNEL\((\w+)\)/.exec(text)!;
  const list = splitList(inParentheses(text.slice(name.index + name[0].length)));
  const parameters = list.map((parameter) => {
    const type = parameter.replace(/\w+$/, '').trim();
    return { type, kind: kindOf(type, name[1]!) };
  });
  if (parameters.length > MOST_PARAMETERS) {
    throw new Error(`The kernel ${name[1]} has ${parameters.length} parameters and may have ${MOST_PARAMETERS}.`);
  }
  return { name: name[1]!, parameters };
}

function kindOf(type: string, kernel: string): ParameterKind {
  if (type.endsWith('*')) return 'pointer';
  if (type === 'float') return 'number';
  if (type === 'int' || type === 'byte') return 'integer';
  throw new Error(
    `The kernel ${kernel} has a parameter of type ${type}: pointers, float, int and byte are what a launch takes.`,
  );
}

function expand(
  { parameters, body }: { parameters: readonly string[]; body: string },
  given: readonly string[],
): string {
  return parameters.reduce((text, name, i) => text.replace(new RegExp(`\\b${name}\\b`, 'g'), given[i] ?? ''), body);
}

/** What stands between the first parenthesis and the one that closes it. */
function inParentheses(text: string): string {
  const start = text.indexOf('(');
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return text.slice(start + 1, i);
  }
  throw new Error(`A parenthesis of the kernel file is not closed: ${text.slice(0, 60)}`);
}

/** The parts between the commas that stand in no parentheses. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')') depth--;
    if (i < text.length && !(text[i] === ',' && depth === 0)) continue;
    parts.push(text.slice(from, i).replace(/\s+/g, ' ').trim());
    from = i + 1;
  }
  return parts;
}

/** The text of a source file of this folder. */
export function readSource(name: string): string {
  return fs.readFileSync(path.join(__dirname, name), 'utf8');
}

/** C++ that calls a kernel by its number, with the parameters that were written into a launch. */
export function kernelTable(kernels: readonly KernelDeclaration[]): string {
  const cases = kernels.map(({ name, parameters }, number) => {
    const values = parameters.map(({ type, kind }, i) =>
      kind === 'pointer' ? `(${type})slots[${i}].pointer` : `slots[${i}].${kind}`,
    );
    return `    case ${number}: return kernel_${name}(${values.join(', ')});`;
  });
  return `static void callKernel(int kernel, const Slot* slots) {\n  switch (kernel) {\n${cases.join('\n')}\n  }\n}\n`;
}
