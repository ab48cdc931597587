import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../..');
let main: string | undefined;

/**
 * The program in JavaScript, in a folder of its own within the checkout that is gone when this process ends. It starts in a
 * fraction of the time that ts-node takes: for tests that start it often.
 * @returns the path of main.js
 */
export function compiledProgram(): string {
  if (main !== undefined) return main;
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const out = mkdtempSync(join(ROOT, '.cache', 'compiled-'));
  process.once('exit', () => rmSync(out, { recursive: true, force: true }));
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  for (const part of ['src', 'cli']) {
    for (const name of readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const fileName = join(ROOT, part, name);
      const { outputText } = ts.transpileModule(readFileSync(fileName, 'utf8'), { compilerOptions: options, fileName });
      const target = join(out, part, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, outputText);
    }
  }
  for (const name of readdirSync(join(ROOT, 'datasets')).filter((name) => name.endsWith('.json'))) {
    cpSync(join(ROOT, 'datasets', name), join(out, 'datasets', name));
  }
  return (main = join(out, 'cli', 'main.js'));
}
