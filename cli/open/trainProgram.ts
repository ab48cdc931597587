import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { MAX_THREADS } from '../../src/backends';
import { checkoutOf } from '../../src/files/places';
import { makeFolder } from '../../src/files/makeFolder';
import type { Program } from '../../src/sweeps/workers/trainProcess';
import { EXIT_CODES } from '../exitCodes';

/** What the program is made of, from the root of a checkout. */
const PARTS = ['src', 'cli', 'datasets'];

/**
 * The compiled program that a sweep starts for each trial. An installed handgrad is it; a checkout is translated once, into
 * `.cache/program/`, and again when a source has changed: a sweep of short trials would spend its time translating.
 */
export async function trainProgram(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const compiled = extname(__filename) === '.js';
  const path = compiled ? join(__dirname, '../main.js') : await translated(checkoutOf(__dirname)!);
  return { path, env, exitCodes: EXIT_CODES, threads: (count) => ({ threads: Math.min(count, MAX_THREADS) }) };
}

async function translated(root: string): Promise<string> {
  const files = (await Promise.all(PARTS.map((part) => filesIn(root, part)))).flat().sort();
  const sources = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  const digest = createHash('sha256');
  files.forEach((file, i) => digest.update(`${file}\0${sources[i]!}\0`));
  const cache = join(root, '.cache', 'program');
  const folder = join(cache, digest.digest('hex').slice(0, 16));
  const main = join(folder, 'cli', 'main.js');
  if (existsSync(main)) return main;
  await makeFolder(cache);
  const temp = await mkdtemp(join(cache, '.new-'));
  try {
    const { ModuleKind, ScriptTarget, transpileModule } = await import('typescript');
    // The same settings as tsconfig.json's, without looking at types: `npm run types` does.
    const compilerOptions = { module: ModuleKind.NodeNext, target: ScriptTarget.ES2023, esModuleInterop: true };
    for (const [i, file] of files.entries()) {
      const target = join(temp, file);
      await mkdir(dirname(target), { recursive: true });
      if (extname(file) !== '.ts') await copyFile(join(root, file), target);
      else {
        const fileName = join(root, file);
        const { outputText } = transpileModule(sources[i]!, { compilerOptions, fileName });
        await writeFile(target.replace(/\.ts$/, '.js'), outputText);
      }
    }
    // Whoever was first is as good: the name says what is in it.
    await rename(temp, folder).catch((error: unknown) => {
      if (!existsSync(main)) throw error;
    });
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
  return main;
}

/** Sources and the catalogue's entries; downloaded data sets lie beside these, in folders. */
async function filesIn(root: string, part: string): Promise<string[]> {
  const names = await readdir(join(root, part), { recursive: part !== 'datasets' });
  return names.filter((name) => /\.(ts|json)$/.test(name) && !name.endsWith('.d.ts')).map((name) => join(part, name));
}
