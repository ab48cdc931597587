const TIME = String.raw`(?<H>\d{1,2}):(?<M>\d{2})(?::(?<S>\d{2}(?:\.\d+)?))?(?: ?(?<half>[AaPp])\.?[Mm]\.?)?`;

/** How a column writes its dates. The order of day and month is decided for a whole column, never cell by cell. */
const PATTERNS = {
  'year-month-day': new RegExp(
    String.raw`^(?<y>\d{4})[-/](?<m>\d{1,2})[-/](?<d>\d{1,2})(?:[T ]${TIME})?(?<zone>Z| ?[+-]\d{2}:?\d{2})?$`,
  ),
  // Whole numbers as well: a column of them is of dates only where that is asked for.
  yearmonthday: /^(?<y>[12]\d{3})(?<m>\d{2})(?<d>\d{2})$/,
  'day-month-year': new RegExp(String.raw`^(?<d>\d{1,2})[-/.](?<m>\d{1,2})[-/.](?<y>\d{4})(?: ${TIME})?$`),
  'month-day-year': new RegExp(String.raw`^(?<m>\d{1,2})[-/.](?<d>\d{1,2})[-/.](?<y>\d{4})(?: ${TIME})?$`),
} as const;

/** The name of a date format. */
export type DateFormat = keyof typeof PATTERNS;

/** The names of the date formats. */
export const dateFormats = Object.keys(PATTERNS) as DateFormat[];

/** The milliseconds of a day. */
export const MS_PER_DAY = 86_400_000;

/**
 * A date as a number.
 * @returns days since 1970-01-01, UTC; a date without a zone is taken as UTC. NaN for a text that is no date
 */
export function dateNumber(text: string, format: DateFormat): number {
  const found = PATTERNS[format].exec(text)?.groups;
  if (!found) return NaN;
  const of = (part: string) => Number(found[part] ?? 0);
  const [y, m, d, H, M, S] = [of('y'), of('m'), of('d'), hourOf(of('H'), found['half']), of('M'), of('S')];
  // Not Date.UTC, which takes the year 99 for 1999.
  const midnight = new Date(0).setUTCFullYear(y, m - 1, d);
  const date = new Date(midnight);
  // 31 February would become 3 March.
  if (date.getUTCMonth() !== m - 1 || date.getUTCDate() !== d) return NaN;
  if (H * 60 + M > 24 * 60 || M > 59 || S >= 61) return NaN;
  return (midnight + ((H * 60 + M) * 60 + S) * 1000 - zoneMinutes(found['zone']) * 60_000) / MS_PER_DAY;
}

/** Days since 1970 as a date, with the time of day where there is one. */
export function dateText(days: number): string {
  return new Date(Math.round(days * MS_PER_DAY)).toISOString().replace(/(T00:00:00)?\.000Z$/, '');
}

/** @param half of the day, as in 3:04 PM; then 12:04 AM is four minutes past midnight */
function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  return hour >= 1 && hour <= 12 ? (hour % 12) + (/p/i.test(half) ? 12 : 0) : NaN;
}

function zoneMinutes(zone: string | undefined): number {
  const [, sign, hours, minutes] = /([+-])(\d{2}):?(\d{2})/.exec(zone ?? '') ?? [];
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** The format in which all of the texts are dates; undefined when there is none. Of two, the first listed. */
export function dateFormatOf(texts: readonly string[]): DateFormat | undefined {
  if (texts.length === 0) return undefined;
  return dateFormats.find((format) => texts.every((text) => isDate(text, format)));
}

/** The first text that is no date in any format that those before it share. */
export function firstUndated(texts: readonly string[]): string | undefined {
  let formats = dateFormats;
  return texts.find((text) => {
    formats = formats.filter((format) => isDate(text, format));
    return formats.length === 0;
  });
}

const isDate = (text: string, format: DateFormat) => !Number.isNaN(dateNumber(text, format));
