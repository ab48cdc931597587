import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/random';
import { smallDiskLacks } from '../runs/fullDisk';
import { kill } from '../sweeps/program';
import { redisLacks } from '../sweeps/workers/queue/redisServer';
import { Breach, DISK_BYTES, type Round, starter, survivors } from './round';
import { disturbRun, FAKETIME } from './runs';
import { disturbQueue, disturbSweep } from './sweeps';
import { troubleQueue } from './troubles';

// Random acts on runs and sweeps, and what must hold after each of them:
//
//   npm run chaos -- --minutes 60
//
// Prints figures at the end, and exits with 1 when a promise was broken. What happens follows from the seed, apart from
// when: --only LANE --seed S starts with the round that a breach names.

const LANES: Readonly<Record<string, (round: Round) => Promise<void>>> = {
  runs: disturbRun,
  sweeps: disturbSweep,
  queue: disturbQueue,
  troubles: (round) => troubleQueue(round),
};

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    /** Set for the process in a mount namespace of its own, where a small file system can be mounted. */
    mounting: { type: 'boolean', default: false },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const lanes = Object.keys(LANES).filter((name) => values.only === undefined || name === values.only);

async function main(): Promise<void> {
  if (!(minutes > 0) || !Number.isSafeInteger(seed) || lanes.length === 0) {
    throw new Error(`--minutes N, --seed N and --only ${Object.keys(LANES).join('|')} are what chaos takes`);
  }
  const began = Date.now();
  const until = began + minutes * 60_000;
  const lacks: Record<string, string | undefined> = {
    disk: values.mounting ? undefined : smallDiskLacks(),
    clock: FAKETIME.some(existsSync) ? undefined : 'libfaketime is not installed',
    ...Object.fromEntries(['memory', 'open files'].map((act) => [act, lacking('prlimit')])),
    ...Object.fromEntries(['queue', 'troubles'].map((lane) => [lane, redisLacks()])),
  };
  for (const [what, why] of Object.entries(lacks)) if (why !== undefined) say(`skipped: ${what}: ${why}`);
  say(`chaos for ${minutes} minutes, seed ${seed}`);
  const able = lanes.filter((name) => lacks[name] === undefined);
  const figures = await Promise.all(able.map((name, i) => runLane(name, seed + 1_000_000 * i, until, lacks)));
  say(`\nafter ${((Date.now() - began) / 60_000).toFixed(1)} minutes, seed ${seed}:`);
  for (const [i, counts] of figures.entries()) {
    const { breaches = 0, ...others } = counts;
    say(
      `${able[i]}: ${breaches} breaches; ${Object.entries(others)
        .map(([what, count]) => `${count} ${what}`)
        .join(', ')}`,
    );
  }
  if (figures.some(({ breaches }) => breaches)) process.exitCode = 1;
}

/** Rounds of a lane, until the time is over. @returns what was counted */
async function runLane(
  name: string,
  first: number,
  until: number,
  lacks: Round['lacks'],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const count = (what: string) => void (counts[what] = (counts[what] ?? 0) + 1);
  for (let round = first; Date.now() < until; round++) {
    const folder = mkdtempSync(join(tmpdir(), `handgrad-chaos-${name}-`));
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    if (values.mounting) spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'none', disk]);
    const random = createRandom(round, 'order');
    try {
      const over = () => Date.now() >= until;
      await LANES[name]!({ random, folder, start: starter(folder), count, over, lacks });
      count('rounds');
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      count('breaches');
      const kept = `${folder}-kept`;
      cpSync(folder, kept, { recursive: true, verbatimSymlinks: true });
      say(`\nBREACH: ${error.message}\nnpm run chaos -- --only ${name} --seed ${round}; its files are in ${kept}\n`);
    } finally {
      survivors(folder).forEach((pid) => kill(pid));
      if (values.mounting) spawnSync('umount', ['--lazy', disk]);
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return counts;
}

const lacking = (program: string) =>
  spawnSync(program, ['--version']).error ? `${program} is not installed` : undefined;

const say = (text: string) => void process.stdout.write(`${text}\n`);

if (!values.mounting && smallDiskLacks() === undefined) {
  const again = [...process.execArgv, __filename, ...process.argv.slice(2), '--seed', String(seed), '--mounting'];
  const namespace = ['--user', '--map-root-user', '--mount', process.execPath];
  const { status } = spawnSync('unshare', [...namespace, ...again], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else
  main().catch((error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  });
