import { summarize, type BenchResult, type WorkResult } from '../../bench/measure/result';
import { ownName, type Contender } from '../../bench/measure/contenders';
import { PEERS } from '../../bench/measure/peers';
import type { Measured } from '../../bench/measure/rounds';
import { WORKS } from '../../bench/measure/work';

// Figures that nobody measured, for the specs of what is made from figures.

export const NATIVE = ownName('native');

/** Seconds per epoch of each round, and seconds of the products where they are known. */
type Times = readonly (readonly [secondsPerEpoch: number, productSeconds?: number])[];

const contender = (name: string, more: Partial<Contender> = {}): Contender => ({
  name,
  about: { versions: { torch: '2.13.0' }, device: 'cpu', threads: 2 },
  program: () => ({ file: '', args: [] }),
  ...more,
});

export function workResult(name: 'post' | 'deep', contenders: readonly [Contender, Times][]): WorkResult {
  const count = Math.max(...contenders.map(([, times]) => times.length));
  const rounds = Array.from({ length: count }, (_, round) => ({
    busyBefore: 0.01 * round,
    failed: [],
    measured: contenders.flatMap(([{ name }, times]): Measured[] => {
      const [secondsPerEpoch, productSeconds] = times[round] ?? [];
      if (secondsPerEpoch === undefined) return [];
      return [{ name, secondsPerEpoch, productSeconds, secondsToFirstStep: 0.4, peakRssBytes: 1e8 * secondsPerEpoch }];
    }),
  }));
  const absent = [{ name: PEERS.compiled, reason: 'there is no C++ compiler' }];
  return summarize(
    WORKS[name],
    contenders.map(([one]) => one),
    rounds,
    absent,
  );
}

export const benchResult: BenchResult = {
  date: '2026-11-26',
  machine: { processor: 'Abacus, AVX2', processors: 2, memoryBytes: 2 ** 33, system: 'Linux x64', node: '20.20.2' },
  works: [
    workResult('post', [
      [
        contender(NATIVE, {
          backend: 'native',
          about: { versions: { handgrad: '0.1.0', node: '20', 'tfjs-core': '4' } },
        }),
        [
          [2, 1],
          [9, 8],
          [3, 2],
        ],
      ],
      [
        contender(PEERS.eager),
        [
          [4, 0.9],
          [10, 4],
          [4, 2.4],
        ],
      ],
      [contender(PEERS.jax, { about: { versions: { jax: '0.10.2' }, compileSeconds: 1.25 } }), [[5], [12], [6]]],
      [contender(ownName('cpu'), { backend: 'cpu', samples: 512 }), [[40]]],
    ]),
    workResult('deep', [
      [contender(NATIVE, { backend: 'native' }), [[7]]],
      [contender(PEERS.eager), [[10]]],
    ]),
  ],
};
