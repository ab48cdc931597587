/** What a training depends on. */
export interface TrainingSettings {
  readonly seed: number;
  readonly lr: number;
  /** Hidden units. */
  readonly width: number;
  readonly batchSize: number;
}

/** Everything that the reader chooses, and the address keeps. */
export interface Settings extends TrainingSettings {
  readonly backend: string;
  /** The class whose first image flows through the network. */
  readonly image: number;
  /** A hidden unit, and a pixel: together a weight of W1. */
  readonly unit: number;
  readonly pixel: number;
  /** How the weights of the first figure are drawn. */
  readonly start: string;
}

/** The post's settings, and what is shown first. */
export const DEFAULTS: Settings = {
  ...{ seed: 0, lr: 0.1, width: 256, batchSize: 256 },
  ...{ backend: 'auto', image: 9, unit: 8, pixel: 434, start: 'normal' },
};

/** What a number may be: the smallest and the largest. */
export const LIMITS = {
  seed: [0, 2 ** 31 - 1],
  lr: [1e-6, 1e38],
  width: [1, 512],
  batchSize: [1, 1024],
  image: [0, 9],
  unit: [0, 511],
  pixel: [0, 783],
} as const satisfies Partial<Record<keyof Settings, readonly [number, number]>>;

/** A number as it may be: within its limits, and whole unless it is a rate; the default where it is not a number. */
export function withinLimits(key: keyof typeof LIMITS, value: number): number {
  if (!Number.isFinite(value)) return DEFAULTS[key];
  const [least, most] = LIMITS[key];
  return Math.min(most, Math.max(least, key === 'lr' ? value : Math.round(value)));
}

/** The settings of an address; what it does not say, or says wrongly, is the default. */
export function readSettings(search: string): Settings {
  const given = new URLSearchParams(search);
  const entries = Object.entries(DEFAULTS).map(([key, value]: [string, number | string]) => {
    const text = given.get(key);
    if (text === null || text.trim() === '') return [key, value];
    return [key, typeof value === 'number' ? withinLimits(key as keyof typeof LIMITS, Number(text)) : text];
  });
  const settings = Object.fromEntries(entries) as Settings;
  return { ...settings, unit: Math.min(settings.unit, settings.width - 1) };
}

/** The part of an address that says what differs from the defaults: '' or `?lr=0.5`. */
export function writeSettings(settings: Settings): string {
  const changed = Object.entries(settings).filter(([key, value]) => value !== DEFAULTS[key as keyof Settings]);
  const text = new URLSearchParams(changed.map(([key, value]): [string, string] => [key, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
