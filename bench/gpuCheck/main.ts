import { spawnSync } from 'node:child_process';
import path from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { pack } from './pack';

// `npm run gpu-check`: checks the GPU backends on a machine with a GPU. `--pack DIR` makes a folder for a machine
// without a network; otherwise the folder is made in the cache and run at once.

const ROOT = path.resolve(__dirname, '../..');

const argv = yargs(hideBin(process.argv))
  .usage(
    'npm run gpu-check -- [--pack DIR]\n\n' +
      'Checks cuda and webgpu on an NVIDIA GPU: kernels, gradients, training, speed.',
  )
  .option('pack', { type: 'string', requiresArg: true, describe: 'only make DIR, for another machine: bash DIR/run' })
  .option('data-dir', { type: 'string', requiresArg: true, describe: 'the DIR that keeps data sets' })
  .option('seconds', { type: 'number', default: 450, describe: 'the time limit of everything together' })
  .strict()
  .parseSync();

async function main(): Promise<void> {
  const folder = path.resolve(argv.pack ?? path.join(ROOT, '.cache', 'gpu-check'));
  const bytes = await pack(folder, { root: ROOT, dataDir: argv.dataDir });
  process.stdout.write(`${folder}: ${Math.round(bytes / 1e6)} MB\n`);
  if (argv.pack !== undefined) return;
  const run = ['run', path.join(folder, 'out'), '--seconds', String(argv.seconds)];
  process.exitCode = spawnSync('bash', run, { cwd: folder, stdio: 'inherit' }).status ?? 1;
}

void main();
