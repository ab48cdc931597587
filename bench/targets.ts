import { ownName } from './measure/contenders';
import { PEERS } from './measure/peers';
import { type BenchResult, ratio, type Row, type WorkResult } from './measure/result';
import { median } from './measure/rounds';
import type { Work } from './measure/work';
import type { FreshTraining } from './freshCheckout';
import { type PredictSpeed, rowsPerSecond } from './predictSpeed';
import { FIRST_STEP, HELP, type Start, startRatio } from './starts';
import type { Profile } from './stepProfile';

// The speed targets of handgrad, which `npm run bench` checks.

/** The measurements of `npm run bench`. */
export interface Measurements extends BenchResult {
  readonly starts: readonly Start[];
  readonly fresh: FreshTraining;
  /** Absent in measurements of earlier versions. */
  readonly predict?: PredictSpeed;
  /** Of the backends with our own kernels. */
  readonly profiles: readonly WorkProfile[];
}

/** The profile of a work's step. */
export interface WorkProfile {
  readonly work: Work['name'];
  readonly profile: Profile;
}

export interface Target {
  readonly what: string;
  readonly bound: number;
  /** Whether the bound is an upper or a lower one. */
  readonly kind: 'at most' | 'at least';
  /** The value to aim for. */
  readonly aim?: number;
  /** It needs an NVIDIA GPU: without one, it is not missed. */
  readonly needsGpu?: boolean;
  readonly figure: Figure;
}

/** A figure, and where it comes from. */
interface Figure {
  /** Undefined if a contender is missing. */
  readonly of: (measurements: Measurements) => number | undefined;
  /** The contenders that it needs, and on which work. */
  readonly work?: Work['name'];
  readonly names: readonly string[];
}

/** A target and its measured figure. */
export interface Checked {
  readonly what: string;
  readonly kind: Target['kind'];
  readonly bound: number;
  readonly aim?: number;
  readonly figure?: number;
  readonly outcome: 'met' | 'missed' | 'not measured' | 'no GPU here';
  /** Why it was not measured. */
  readonly why?: string;
}

const [CUDA, NATIVE, TENSORFLOW] = [ownName('cuda'), ownName('native'), ownName('tensorflow')];
const [WASM, WASM_2] = [ownName('wasm', 1), ownName('wasm', 2)];

const workOf = ({ works }: Measurements, name: Work['name']) => works.find(({ work }) => work === name);

const rowOf = (work: WorkResult | undefined, name: string) => work?.rows.find((row) => row.name === name);

const quotient = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b;

/** The time of an epoch against another's. */
const time = (name: string, other: string, work: Work['name'] = 'post'): Figure => ({
  ...{ work, names: [name, other] },
  of(measurements) {
    const result = workOf(measurements, work);
    return result && ratio(result, name, other);
  },
});

/** The rate of the products alone against another's. */
const productRate = (name: string, other: string): Figure => ({
  ...{ work: 'post', names: [name, other] },
  of(measurements) {
    const post = workOf(measurements, 'post');
    return post && ratio(post, other, name, ({ productSeconds }) => productSeconds);
  },
});

/** A figure of one contender on the post's run. */
const own = (name: string, of: (row: Row) => number | undefined): Figure => ({
  ...{ work: 'post', names: [name] },
  of(measurements) {
    const row = rowOf(workOf(measurements, 'post'), name);
    return row && of(row);
  },
});

const peakMemory = (name: string, other: string): Figure => ({
  ...{ work: 'post', names: [name, other] },
  of(measurements) {
    const post = workOf(measurements, 'post');
    return quotient(rowOf(post, name)?.peakRssBytes, rowOf(post, other)?.peakRssBytes);
  },
});

const start = (what: string, of: (start: Start) => number): Figure => ({
  names: [],
  of({ starts }) {
    const found = starts.find((one) => one.what === what);
    return found && of(found);
  },
});

export const TARGETS: readonly Target[] = [
  {
    what: 'native against PyTorch eager in memory',
    ...{ kind: 'at most', bound: 0.7, aim: 0.55 },
    figure: time(NATIVE, PEERS.eager),
  },
  {
    what: 'native against torch.compile',
    ...{ kind: 'at most', bound: 0.9, aim: 0.75 },
    figure: time(NATIVE, PEERS.compiled),
  },
  {
    what: 'native against PyTorch eager in memory, deep work',
    ...{ kind: 'at most', bound: 0.6, aim: 0.5 },
    figure: time(NATIVE, PEERS.eager, 'deep'),
  },
  {
    what: 'native, share of the epoch that products take at its own rate',
    ...{ kind: 'at least', bound: 0.6 },
    figure: own(NATIVE, ({ productShare }) => productShare),
  },
  {
    what: "native, rate of its products against torch.mm's",
    ...{ kind: 'at least', bound: 0.85 },
    figure: productRate(NATIVE, PEERS.eager),
  },
  {
    what: "npm run train after npm ci, compiling included, against wasm's",
    ...{ kind: 'at most', bound: 0.6 },
    figure: {
      names: [],
      of: ({ fresh }) =>
        fresh.backend === 'native' ? median(fresh.auto.map((s, i) => s / fresh.wasm[i]!)) : undefined,
    },
  },
  {
    what: 'native against PyTorch eager in memory, peak memory',
    ...{ kind: 'at most', bound: 0.5 },
    figure: peakMemory(NATIVE, PEERS.eager),
  },
  {
    what: 'native, compiled program, seconds to the first step',
    ...{ kind: 'at most', bound: 0.5 },
    figure: own(NATIVE, ({ secondsToFirstStep }) => secondsToFirstStep),
  },
  {
    what: 'cuda against PyTorch eager on the same GPU',
    ...{ kind: 'at most', bound: 0.7, needsGpu: true },
    figure: time(CUDA, PEERS.eagerCuda),
  },
  {
    what: 'cuda against torch.compile on the same GPU',
    ...{ kind: 'at most', bound: 1, needsGpu: true },
    figure: time(CUDA, PEERS.compiledCuda),
  },
  {
    what: 'tensorflow against PyTorch eager in memory',
    ...{ kind: 'at most', bound: 1 },
    figure: time(TENSORFLOW, PEERS.eager),
  },
  {
    what: 'tensorflow against tfjs-layers on tensorflow',
    ...{ kind: 'at most', bound: 0.4 },
    figure: time(TENSORFLOW, PEERS.layersTensorflow),
  },
  {
    what: "tensorflow, share of the epoch that products take at the backend's own rate",
    ...{ kind: 'at least', bound: 0.7 },
    figure: own(TENSORFLOW, ({ productShare }) => productShare),
  },
  {
    what: 'tensorflow against PyTorch eager in memory, peak memory',
    ...{ kind: 'at most', bound: 0.8 },
    figure: peakMemory(TENSORFLOW, PEERS.eager),
  },
  {
    what: 'wasm, one thread, against its own products',
    ...{ kind: 'at most', bound: 1.25 },
    figure: own(WASM, ({ productShare }) => quotient(1, productShare)),
  },
  {
    what: "wasm, one thread, against the post's PyTorch as published",
    ...{ kind: 'at most', bound: 0.45 },
    figure: time(WASM, PEERS.published),
  },
  {
    what: "wasm, two threads, against the post's PyTorch as published",
    ...{ kind: 'at most', bound: 0.28 },
    figure: time(WASM_2, PEERS.published),
  },
  {
    what: 'wasm, two threads, against tfjs-layers on wasm',
    ...{ kind: 'at most', bound: 0.1 },
    figure: time(WASM_2, PEERS.layersWasm),
  },
  {
    what: 'wasm, seconds from the command to the first step',
    ...{ kind: 'at most', bound: 1.2 },
    figure: own(WASM, ({ secondsToFirstStep }) => secondsToFirstStep),
  },
  {
    what: 'wasm, seconds from what is typed in a checkout to the first step',
    ...{ kind: 'at most', bound: 1.2 },
    figure: start(FIRST_STEP, ({ typed }) => median(typed)),
  },
  {
    what: 'train --help typed in a checkout, against the compiled program',
    ...{ kind: 'at most', bound: 1.6 },
    figure: start(HELP, startRatio),
  },
  {
    what: 'the first step typed in a checkout, against the compiled program',
    ...{ kind: 'at most', bound: 1.6 },
    figure: start(FIRST_STEP, startRatio),
  },
  {
    what: 'predict on a table, thousands of rows a second beyond reading',
    ...{ kind: 'at least', bound: 200 },
    figure: { names: [], of: ({ predict }) => predict && rowsPerSecond(predict) / 1000 },
  },
];

/** Checks every target against the measurements. */
export function checkTargets(measurements: Measurements): Checked[] {
  return TARGETS.map(({ what, kind, bound, aim, needsGpu, figure: { of, work, names } }) => {
    const target = { what, kind, bound, aim };
    const figure = of(measurements);
    if (figure !== undefined) {
      const met = kind === 'at most' ? figure <= bound : figure >= bound;
      return { ...target, figure, outcome: met ? 'met' : 'missed' };
    }
    const gpu = measurements.works.some(({ rows }) => rows.some(({ backend }) => backend === 'cuda'));
    if (needsGpu && !gpu) return { ...target, outcome: 'no GPU here' };
    return { ...target, outcome: 'not measured', why: whyAbsent(measurements, work, names) };
  });
}

function whyAbsent(measurements: Measurements, work: Work['name'] | undefined, names: readonly string[]): string {
  if (work === undefined) return measurements.fresh.why ?? 'it was not timed';
  const result = workOf(measurements, work);
  if (!result) return `the ${work} work was left out`;
  const missing = names.filter((name) => !rowOf(result, name));
  const reasons = missing.map((name) => {
    const found = result.absent.find((absent) => absent.name === name);
    return found ? `${name}: ${found.reason}` : `${name} was left out`;
  });
  return reasons.join('; ') || 'not both were in one round';
}

/** The figure, the target, and whether it is met. */
export function verdict({ kind, bound, aim, figure, outcome }: Checked): [string, string, string] {
  const asked = `${kind} ${bound}${aim === undefined ? '' : ` (aim ${aim})`}`;
  return [figure === undefined ? '' : figure.toFixed(3), asked, outcome === 'missed' ? 'MISSED' : outcome];
}
