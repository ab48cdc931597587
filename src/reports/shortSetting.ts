/** A setting for a table: randomly drawn numbers are rounded. */
export function shortSetting(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? `${Number(value.toPrecision(4))}`
    : shownSetting(value);
}

/** A setting as text: lists as they are typed, an unset one as a dash. */
export function shownSetting(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
