import { HandgradError } from '../errors';
import type { Kind } from '../kinds';
import { quoted } from '../words';

/** What an argument must be. */
export interface ArgumentKind extends Pick<Kind<unknown>, 'rule' | 'accepts'> {
  /** What its fields must be, if it is an object. */
  readonly fields?: Readonly<Record<string, ArgumentKind>>;
  /** What its elements must be, if it is a list. */
  readonly each?: ArgumentKind;
}

/** What the arguments of a function must be, by name and in order; `...name` is all that follow. */
export type ArgumentKinds = Readonly<Record<string, ArgumentKind>>;

/**
 * The functions of an API such that each checks its arguments first. They are for callers outside: the library calls
 * its functions directly, and pays nothing.
 * @param kinds of the arguments of each function
 */
export function guarded<Api extends object>(api: Api, kinds: Readonly<Record<string, ArgumentKinds>>): Api {
  const found = Object.entries(api).map(([name, value]: [string, unknown]) => {
    const own = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    return [name, own ? guard(name, own, value as Call) : value] as const;
  });
  return Object.defineProperty(Object.fromEntries(found), '__esModule', { value: true }) as Api;
}

type Call = (...args: unknown[]) => unknown;

function guard(name: string, kinds: ArgumentKinds, call: Call): Call {
  const expected = Object.entries(kinds);
  const check = (args: readonly unknown[]) => {
    for (let i = 0; i < expected.length; i++) {
      const [argument, kind] = expected[i]!;
      if (!argument.startsWith('...')) assertKind(name, argument, kind, args[i]);
      else for (const value of args.slice(i)) assertKind(name, argument.slice(3), kind, value);
    }
  };
  const isAsync = call.constructor.name === 'AsyncFunction';
  const checked: Call = isAsync
    ? // A promise fails; it does not throw.
      async (...args) => {
        check(args);
        return await call(...args);
      }
    : (...args) => {
        check(args);
        return call(...args);
      };
  return Object.defineProperties(checked, { name: { value: name }, length: { value: call.length } });
}

/** @throws HandgradError 'usage' that names the argument, or the field or element of it */
function assertKind(name: string, argument: string, kind: ArgumentKind, value: unknown): void {
  const fault = faultAt(argument, kind, value);
  if (!fault) return;
  throw new HandgradError(
    'usage',
    `\`${fault.path}\` of \`${name}\` must be ${fault.rule}, not ${described(fault.found)}.`,
  );
}

interface ArgumentFault {
  readonly path: string;
  readonly rule: string;
  readonly found: unknown;
}

function faultAt(path: string, kind: ArgumentKind, value: unknown): ArgumentFault | undefined {
  if (!kind.accepts(value)) return { path, rule: kind.rule, found: value };
  // What may be left out, and is.
  if (value === undefined) return undefined;
  if (kind.fields && typeof value === 'object') {
    for (const [name, field] of Object.entries(kind.fields)) {
      const fault = faultAt(`${path}.${name}`, field, (value as Readonly<Record<string, unknown>>)[name]);
      if (fault) return fault;
    }
  }
  if (kind.each && Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = faultAt(`${path}[${i}]`, kind.each, value[i]);
      if (fault) return fault;
    }
  }
  return undefined;
}

function described(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null && 'dataId' in value) {
    const { shape } = value as { shape?: unknown };
    return `a tensor of shape [${Array.isArray(shape) ? shape.join(', ') : ''}]`;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return 'an object';
  return quoted(value);
}
