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

/** A path, quoted for a shell if necessary. */
export function shellWord(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The hint after an unknown name: `did you mean --epochs?` */
export function didYouMean(name: string, known: readonly string[], prefix = ''): string {
  return `did you mean ${prefix}${closest(name, [...known])}?`;
}

/** The known name that `name` is probably a typo of, if any. */
export function nearName(name: string, known: readonly string[]): string | undefined {
  const near = closest(name, [...known]);
  return distance(name, near) <= Math.ceil(near.length / 3) ? near : undefined;
}
