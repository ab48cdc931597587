import path from 'node:path';
import { execa } from 'execa';
import { table } from '../cli/terminal/table';

/** The input of `stepProcess`, its only argument, as JSON. */
export interface Question {
  readonly backend: 'native' | 'cuda';
  /** As `train --dataset` takes it, and the folder that keeps data sets. */
  readonly dataset: string;
  readonly dataDir: string | undefined;
  readonly hidden: readonly number[];
  readonly batchSize: number;
  /** How many steps of each kind are timed. */
  readonly steps: number;
}

/** The profile of a step, in microseconds. */
export interface Profile {
  readonly backend: string;
  readonly device: string;
  /** A step of training, in which JavaScript queues kernels while others compute. */
  readonly step: number;
  /** JavaScript and TensorFlow.js alone, with nothing to compute. */
  readonly javaScript: number;
  /** Each kernel alone: started on an idle device, and waited for. */
  readonly kernels: readonly Kernel[];
}

interface Kernel {
  readonly kernel: string;
  /** In a step. */
  readonly calls: number;
  /** Of all its calls in a step. */
  readonly micros: number;
}

/** Profiles training steps in a separate process. @throws Error with its message */
export async function profileStep(question: Question, signal?: AbortSignal): Promise<Profile> {
  const register = path.join(__dirname, '..', 'bin', 'register.js');
  const args = ['--require', register, path.join(__dirname, 'stepProcess.ts'), JSON.stringify(question)];
  const { stdout } = await execa(process.execPath, args, { stdin: 'ignore', cancelSignal: signal });
  return JSON.parse(stdout) as Profile;
}

/** Kernels below this share of a step are combined. */
const SMALL = 0.01;

/** The rows of a profile, the longest first: what, calls in a step, microseconds, and the part of the step. */
export function profileRows({ step, javaScript, kernels }: Profile): [string, string, string, string][] {
  const small = kernels.filter(({ micros }) => micros < SMALL * step);
  const sum = (part: readonly Kernel[], key: 'calls' | 'micros') => part.reduce((total, one) => total + one[key], 0);
  const together: Kernel = {
    kernel: `${small.length} kernels of less than 1% each`,
    calls: sum(small, 'calls'),
    micros: sum(small, 'micros'),
  };
  const rows = [
    ...kernels.filter((kernel) => !small.includes(kernel)).sort((a, b) => b.micros - a.micros),
    ...(small.length > 0 ? [together] : []),
    { kernel: 'all kernels, one after the other', calls: sum(kernels, 'calls'), micros: sum(kernels, 'micros') },
    { kernel: 'JavaScript, beside them', calls: undefined, micros: javaScript },
    { kernel: 'the step', calls: undefined, micros: step },
  ];
  return rows.map(({ kernel, calls, micros }) => [
    kernel,
    calls === undefined ? '' : `${Math.round(100 * calls) / 100}`,
    micros.toFixed(0),
    `${((100 * micros) / step).toFixed(0)}%`,
  ]);
}

export const PROFILE_HEADING = ['', 'calls', 'µs', 'of the step'] as const;

/** The profile as text. */
export function profileTable(work: string, profile: Profile): string {
  const title = `where a step of the ${work} work goes on ${profile.backend} (${profile.device})`;
  return [title, table(PROFILE_HEADING, profileRows(profile), 'lrrr')].join('\n');
}
