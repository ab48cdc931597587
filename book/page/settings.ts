/** What a training depends on. */
export interface TrainingSettings {
  readonly seed: number;
  readonly lr: number;
  /** Hidden units. */
  readonly width: number;
  readonly batchSize: number;
}

/** The settings of a training, by name. */
export const OF_TRAINING = ['seed', 'lr', 'width', 'batchSize'] as const satisfies readonly (keyof TrainingSettings)[];

/** Whether two trainings are the same. */
export function sameTraining(one: TrainingSettings, other: TrainingSettings): boolean {
  return OF_TRAINING.every((key) => one[key] === other[key]);
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
  /** The logits of the softmax figure, as `writeLogits` writes them; '' for those of the network. */
  readonly logits: string;
  /** The right class of the softmax figure; -1 for that of the image. */
  readonly right: number;
  /** The parameter that section 5 checks, and the class that it belongs to if it is of the output layer. */
  readonly parameter: string;
  readonly output: number;
  /** The learning rate of the steps that section 6 tries. */
  readonly rate: number;
  /** The batch that section 7 shows; both from 1. */
  readonly epoch: number;
  readonly batch: number;
}

/** The post's settings, and what is shown first. */
export const DEFAULTS: Settings = {
  ...{ seed: 0, lr: 0.1, width: 256, batchSize: 256 },
  ...{ backend: 'auto', image: 9, unit: 8, pixel: 434, start: 'normal' },
  ...{ logits: '', right: -1, parameter: 'W1', output: 0, rate: 0.5, epoch: 1, batch: 1 },
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
  right: [-1, 9],
  output: [0, 9],
  rate: [0.01, 100],
  epoch: [1, 9999],
  batch: [1, 60_000],
} as const satisfies Partial<Record<keyof Settings, readonly [number, number]>>;

/** The settings that need not be whole. */
const RATES: readonly string[] = ['lr', 'rate'];

/** The largest logit that the softmax figure takes. */
const LARGEST_LOGIT = 1e9;

/** Logits as one setting: numbers with four digits, a space between two. */
export function writeLogits(logits: readonly number[]): string {
  return logits.map((logit) => String(Number(logit.toPrecision(4)))).join(' ');
}

/** The ten logits of a setting; undefined when it does not have ten numbers. */
export function readLogits(text: string): number[] | undefined {
  const logits = (text.match(/\S+/g) ?? []).map((word) => {
    return Math.min(LARGEST_LOGIT, Math.max(-LARGEST_LOGIT, Number(word)));
  });
  return logits.length === 10 && logits.every((logit) => Number.isFinite(logit)) ? logits : undefined;
}

/**
 * Settings as they may be: every number within its limits, whole unless it is a rate, and the default where it is none;
 * and a unit that the network has.
 */
export function withinLimits(settings: Settings): Settings {
  const numbers = Object.entries(LIMITS).map(([name, [least, most]]) => {
    const key = name as keyof typeof LIMITS;
    const value = settings[key];
    if (!Number.isFinite(value)) return [key, DEFAULTS[key]];
    return [key, Math.min(most, Math.max(least, RATES.includes(key) ? value : Math.round(value)))];
  });
  const limited = { ...settings, ...(Object.fromEntries(numbers) as Pick<Settings, keyof typeof LIMITS>) };
  return { ...limited, unit: Math.min(limited.unit, limited.width - 1) };
}

/** The settings of an address; what it does not say, or says wrongly, is the default. */
export function readSettings(search: string): Settings {
  const given = new URLSearchParams(search);
  const entries = Object.entries(DEFAULTS).map(([key, value]: [string, number | string]) => {
    const text = given.get(key);
    if (text === null || text.trim() === '') return [key, value];
    return [key, typeof value === 'number' ? Number(text) : text];
  });
  return withinLimits(Object.fromEntries(entries) as Settings);
}

/** The part of an address that says what differs from the defaults: '' or `?lr=0.5`. */
export function writeSettings(settings: Settings): string {
  const changed = Object.entries(settings).filter(([key, value]) => value !== DEFAULTS[key as keyof Settings]);
  const text = new URLSearchParams(changed.map(([key, value]): [string, string] => [key, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
