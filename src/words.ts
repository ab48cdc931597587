import { closest, distance } from 'fastest-levenshtein';

/** 60,000 */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** 2.1 s, 3 min 20 s, 1 h 05 min. */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60)];
  if (hours === 0) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** 26.4 MB, 25.3 GB: decimal units, as for disks and networks. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** 0.7668 */
export function formatShare(share: number): string {
  return share.toFixed(4);
}

/** 0.0031000, 54.230, 123457: a figure in units of any size. */
export function formatUnits(value: number): string {
  const size = Math.abs(value);
  return size >= 10_000 && size < 1e15 ? value.toFixed(0) : value.toPrecision(5);
}

/** "1 epoch", "10 epochs" */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A value for a message: text in quotes, truncated if long, without control characters. */
export function quoted(value: unknown): string {
  // Lists and mappings come from files, and may be huge or cyclic.
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a mapping';
  if (typeof value !== 'string') return String(value);
  return visible(JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value));
}

/** Escapes control and invisible characters, except line feeds. */
export function visible(text: string): string {
  return text.replace(/[^\P{C}\n]|\p{Zl}|\p{Zp}/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** A name from outside, such as a class of a table: control characters, line feeds and colors are escaped. */
export function visibleName(name: string): string {
  return visible(name).replaceAll('\n', '\\n');
}

/** A path, quoted for a shell if necessary. */
export function shellWord(path: string): string {
  // A name that begins with a dash would be taken for a flag.
  if (path.startsWith('-')) return shellWord(`./${path}`);
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** A list that fits into a sentence about an unknown name. */
const SHORT_LIST = 8;

/**
 * The end of a sentence about an unknown name: `; did you mean --epochs?` where one is near, else a short list of all
 * names, else a period: a far-fetched suggestion misleads.
 */
export function didYouMean(name: string, known: readonly string[], prefix = ''): string {
  const near = nearName(name, known);
  if (near !== undefined) return `; did you mean ${prefix}${near}?`;
  return known.length > SHORT_LIST || known.length === 0 ? '.' : `; choose ${prefix}${known.join(`, ${prefix}`)}.`;
}

/** Whether two words of some length have the same letters: two edits, but one slip. */
function isReordered(one: string, other: string): boolean {
  const [letters, others] = [one, other].map((word) => [...word].sort().join(''));
  return one.length > 3 && letters === others;
}

/** The known name that `name` is probably a typo of, or the only one that it begins, if any. */
export function nearName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const near = closest(name, [...known]);
  const most = Math.max(1, Math.round(Math.min(name.length, near.length) / 3));
  if (distance(name, near) <= most || isReordered(name, near)) return near;
  const [begun, ...others] = known.filter((one) => name.length >= 3 && one.startsWith(name));
  return others.length === 0 ? begun : undefined;
}

/**
 * The first of some texts as a list, and how many more there are: "a, b, c, and 4 more".
 * @param separator '; ' where the texts hold commas
 */
export function firstOf(texts: readonly string[], most: number, separator: ', ' | '; ' = ', '): string {
  const shown = texts.slice(0, most);
  const left = texts.length - shown.length;
  return [...shown, ...(left > 0 ? [`and ${formatCount(left)} more`] : [])].join(separator);
}

/** Several sentences as the message of one error: a single one as it is, more as a list under a heading. */
export function allAtOnce(sentences: readonly string[], heading: string): string {
  const [only, ...others] = sentences;
  if (others.length === 0) return only!;
  return `${heading} (${sentences.length}):\n${sentences.map((sentence) => `  - ${sentence}`).join('\n')}`;
}
