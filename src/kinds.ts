/** The type of a setting or flag. Plain functions, so that --help does not load a validation library. */
export interface Kind<Value> {
  /** What a value must be, to follow "must be". */
  readonly rule: string;
  /** Parses the text of a flag; `accepts` rejects invalid text. Undefined for a boolean, whose flag takes no text. */
  readonly read?: (text: string) => unknown;
  readonly accepts: (value: unknown) => value is Value;
  /** Of a list: the kind of its elements. An invalid element is reported by itself. */
  readonly each?: Kind<unknown>;
  /** The names to choose from. */
  readonly names?: readonly string[];
  /** Of a number: whether it has to be an integer. */
  readonly whole?: true;
  /** The meaning of each name. */
  readonly meanings?: Readonly<Record<string, string>>;
}

/** Why a value is not accepted. */
export interface Fault {
  readonly rule: string;
  readonly found: unknown;
}

/** Why a value is rejected; undefined when it is accepted. */
export function faultOf(kind: Kind<unknown>, value: unknown): Fault | undefined {
  const { each } = kind;
  if (each && Array.isArray(value)) {
    const [fault] = value.flatMap((element) => faultOf(each, element) ?? []);
    if (fault) return fault;
  }
  return kind.accepts(value) ? undefined : { rule: kind.rule, found: value };
}

/** A list that was separated by something else than commas, as it should be written; undefined for other values. */
export function withCommas({ each }: Kind<unknown>, found: unknown): string | undefined {
  if (!each || typeof found !== 'string') return undefined;
  const parts = found.split(/[\s;|x]+/).filter((part) => part !== '');
  return parts.length > 1 && parts.every((part) => each.accepts(each.read!(part))) ? parts.join() : undefined;
}

/** The first rejected value of a record, in the order of the kinds. */
export function faultWithin(
  kinds: Readonly<Record<string, Kind<unknown>>>,
  values: Readonly<Record<string, unknown>>,
): (Fault & { readonly key: string }) | undefined {
  for (const [key, kind] of Object.entries(kinds)) {
    const fault = faultOf(kind, values[key]);
    if (fault) return { key, ...fault };
  }
  return undefined;
}

/** A value that may be omitted. */
export function optional<Value>(kind: Kind<Value>): Kind<Value | undefined> {
  return { ...kind, accepts: (value): value is Value | undefined => value === undefined || kind.accepts(value) };
}

/** Stricter than `Number`, which reads "" and " " as 0, and accepts 0x10. */
const readNumber = (text: string) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text);

/** A finite number. @param rule names the range that `within` checks */
export function number(rule: string, within: (value: number) => boolean): Kind<number> {
  const accepts = (value: unknown): value is number => Number.isFinite(value) && within(value as number);
  return { rule, read: readNumber, accepts };
}

/** An integer in a range, both ends included. */
export function wholeNumber(min: number, max: number): Kind<number> {
  const within = (value: number) => Number.isInteger(value) && value >= min && value <= max;
  return { ...number(`a whole number from ${min} to ${max}`, within), whole: true };
}

/** A fraction in [0, 1). */
export const fraction = number('a number of at least 0 and below 1', (value) => value >= 0 && value < 1);

/** A number above 0, and at most `max`. */
export function positive(max: number, shown = String(max)): Kind<number> {
  return number(`a number above 0 and at most ${shown}`, (value) => value > 0 && value <= max);
}

/** Whether a value is an object, and no list. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** On or off. */
export const boolean: Kind<boolean> = { rule: 'true or false', accepts: (value) => typeof value === 'boolean' };

/** Text such as a name, path or address. @param within a further condition */
export function text(rule: string, within: (text: string) => boolean = () => true): Kind<string> {
  const accepts = (value: unknown): value is string =>
    typeof value === 'string' && value.length >= 1 && value.length <= 4096 && !value.includes('\0') && within(value);
  return { rule, read: (value) => value, accepts };
}

/**
 * One of several names, the keys of `meanings`. If they must match the keys of another table, the type parameter `Name`
 * makes the compiler check that, without loading the other table.
 */
export function choice<Name extends string>(meanings: Readonly<Record<Name, string>>): Kind<Name> {
  return { ...oneOf(Object.keys(meanings) as Name[]), meanings };
}

/** One of several names. */
export function oneOf<Name extends string>(names: readonly Name[]): Kind<Name> {
  const accepts = (value: unknown): value is Name => names.some((name) => name === value);
  return { rule: `one of ${names.join(', ')}`, read: (value) => value, accepts, names };
}

/** A list; as text, its elements are separated by commas. */
export function list<Value>(
  rule: string,
  each: Kind<Value>,
  within: (values: readonly Value[]) => boolean,
): Kind<readonly Value[]> {
  const read = (value: string) => {
    // As Python and JSON write lists: (128, 64), (128,) and [128, 64].
    const bare = value.trim().replace(/^[([](.*?),?\s*[)\]]$/, '$1');
    return bare.trim() === '' ? [] : bare.split(',').map((part) => each.read!(part.trim()));
  };
  const accepts = (value: unknown): value is readonly Value[] =>
    Array.isArray(value) && value.every((element) => each.accepts(element)) && within(value);
  return { rule, read, accepts, each, names: each.names };
}
