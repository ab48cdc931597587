import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programFile } from '../../src/files/places';
import { readJournal } from '../../src/sweeps/state/journal';

// Trials of one epoch of Fashion-MNIST on wasm, one thread each:
// two at once against one at a time, and the overhead of a trial beyond its training.
//
//   node --require ./bin/register.js bench/sweeps/parallel.ts [trials] [rounds]

async function main(): Promise<void> {
  const [trials = 16, rounds = 1] = process.argv.slice(2).map(Number);
  const dir = mkdtempSync(join(tmpdir(), 'handgrad-bench-'));
  const file = join(dir, 'sweep.yaml');
  const values = Array.from({ length: trials }, (_, i) => 0.05 + i / 100);
  const fixed = { epochs: 1, backend: 'wasm', threads: 1 };
  writeFileSync(file, JSON.stringify({ method: 'grid', parameters: { lr: { values } }, fixed }));
  for (let round = 0; round < rounds; round++) {
    const seconds: number[] = [];
    for (const workers of [1, 2]) {
      const runDir = join(dir, `${round}-${workers}`);
      const started = performance.now();
      const argv = [
        programFile(),
        'sweep',
        file,
        '--workers',
        `${workers}`,
        '--threads',
        '1',
        '--run-dir',
        runDir,
        '--quiet',
      ];
      const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      seconds.push((performance.now() - started) / 1000);
      const results = (await readJournal(runDir)).entries.flatMap((entry) => (entry.type === 'result' ? [entry] : []));
      const mean = (of: (result: (typeof results)[number]) => number) =>
        results.reduce((sum, result) => sum + of(result), 0) / results.length;
      const figures = {
        workers,
        seconds: seconds.at(-1),
        training: mean((result) => result.trainingSeconds),
        overhead: mean((result) => result.seconds - result.trainingSeconds),
      };
      console.log(JSON.stringify(figures));
    }
    console.log(JSON.stringify({ ratio: seconds[1]! / seconds[0]! }));
  }
  rmSync(dir, { recursive: true });
}

void main();
