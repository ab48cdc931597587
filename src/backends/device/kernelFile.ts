import fs from 'node:fs';
import path from 'node:path';

/** The most parameters of a kernel that a launch has room for. */
export const MOST_PARAMETERS = 24;

/** How a kernel takes a parameter: an address in the device's memory, an integer, or a float. */
export type ParameterKind = 'pointer' | 'integer' | 'number';

/** A kernel as its source declares it. */
export interface KernelDeclaration {
  readonly name: string;
  readonly parameters: readonly { readonly type: string; readonly kind: ParameterKind }[];
}

/**
 * The kernels that a source file declares, in order: `KERNEL(name)(parameters)`, directly or by a macro used at the
 * start of a line, such as `UNARY(name, …)`. Parses only the style of this folder's sources.
 */
export function declaredKernels(source: string): KernelDeclaration[] {
  return placesOfKernels(source).map(({ declaration }) => declaration);
}

/**
 * Splits a source file into several, each with some of the kernels and everything else, to compile them in parallel.
 * @returns for each part its text, and the kernels in it
 */
export function splitKernels(source: string, parts: number): { text: string; kernels: KernelDeclaration[] }[] {
  const places = placesOfKernels(source);
  return Array.from({ length: parts }, (_, part) => {
    const isOwn = (number: number) => number % parts === part;
    let text = '';
    let from = 0;
    places.forEach(({ start, end }, number) => {
      text += source.slice(from, isOwn(number) ? end : start);
      from = end;
    });
    const kernels = places.filter((_place, number) => isOwn(number)).map(({ declaration }) => declaration);
    return { text: text + source.slice(from), kernels };
  });
}

/** Where each kernel of a source file begins and ends, and what it declares. */
function placesOfKernels(source: string): { start: number; end: number; declaration: KernelDeclaration }[] {
  const macros = new Map<string, { parameters: readonly string[]; body: string }>();
  for (const line of source.replace(/\\\n/g, ' ').split('\n')) {
    const macro = /^#define (\w+)\(([^)]*)\)(.*\bKERNEL\(name\).*)$/.exec(line);
    if (macro) macros.set(macro[1]!, { parameters: splitList(macro[2]!), body: macro[3]! });
  }
  return [...source.matchAll(/^(\w+)\(/gm)].flatMap(({ 1: name, index: start }) => {
    const rest = source.slice(start);
    const macro = macros.get(name!);
    if (macro) {
      const given = inBrackets(rest, '(', ')');
      const end = start + rest.indexOf(given) + given.length + 1;
      return [{ start, end, declaration: declaration(expand(macro, splitList(given))) }];
    }
    if (name !== 'KERNEL') return [];
    const body = inBrackets(rest, '{', '}');
    const end = start + rest.indexOf(body, rest.indexOf('{')) + body.length + 1;
    return [{ start, end, declaration: declaration(rest) }];
  });
}

/** `KERNEL(name)(const float* x, int n) {…` */
function declaration(text: string): KernelDeclaration {
  const name = /KERNEL\((\w+)\)/.exec(text)!;
  const list = splitList(inBrackets(text.slice(name.index + name[0].length), '(', ')'));
  const parameters = list.map((parameter) => {
    const type = parameter.replace(/\w+$/, '').replace('FRESH', '').trim();
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

/** The text between the first bracket and its closing one. */
function inBrackets(text: string, opening: string, closing: string): string {
  const start = text.indexOf(opening);
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === opening) depth++;
    if (text[i] === closing && --depth === 0) return text.slice(start + 1, i);
  }
  throw new Error(`A bracket of the kernel file is not closed: ${text.slice(0, 60)}`);
}

/** Splits at the commas outside of parentheses. */
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

/**
 * A C++ function that calls kernels by number, with the parameters of a launch.
 * @param name of the function: `void name(int kernel, const Slot* slots)`
 * @param numbers of the kernels; their positions in the list by default
 */
export function kernelTable(name: string, kernels: readonly KernelDeclaration[], numbers?: readonly number[]): string {
  const cases = kernels.map(({ name, parameters }, i) => {
    const values = parameters.map(({ type, kind }, slot) =>
      kind === 'pointer' ? `(${type})slots[${slot}].pointer` : `slots[${slot}].${kind}`,
    );
    return `    case ${numbers?.[i] ?? i}: return kernel_${name}(${values.join(', ')});`;
  });
  return `void ${name}(int kernel, const Slot* slots) {\n  switch (kernel) {\n${cases.join('\n')}\n  }\n}\n`;
}
