import { expect } from 'chai';
import { buildSync, transformSync } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';

/** One thing in the source that is made wrong. */
export interface Mutant {
  readonly file: string;
  readonly what: string;
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
}

export interface SourceCopy {
  /** A module of the copy, such as `src/nn/mlp`, loaded as it is now. */
  load<Module>(name: string): Module;
  /** Does the work while the copy has the mutant in it. */
  withMutant(mutant: Mutant, work: () => void | Promise<void>): Promise<void>;
}

const ROOT = path.join(__dirname, '..');
const COMPILED = { format: 'cjs', platform: 'node', target: 'es2023', tsconfigRaw: {} } as const;

/** Every way in which one expression can be wrong, by name. */
export function wrongs(file: string, from: string, ways: Record<string, string>): Mutant[] {
  return Object.entries(ways).map(([what, to]) => ({ file, what, from, to }));
}

/**
 * A copy of `src/`, compiled, for the specs of the surrounding suite: what a check is worth is seen on source that is
 * wrong.
 */
export function sourceCopy(): SourceCopy {
  let copy: string;

  before(() => {
    fs.mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
    copy = fs.mkdtempSync(path.join(ROOT, '.cache', 'mutants-'));
    const names = fs.readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const entryPoints = names.filter((name) => name.endsWith('.ts')).map((name) => path.join(ROOT, 'src', name));
    buildSync({ ...COMPILED, entryPoints, outbase: ROOT, outdir: copy });
  });
  after(() => fs.rmSync(copy, { recursive: true, force: true }));

  return {
    load<Module>(name: string) {
      return require(path.join(copy, name)) as Module;
    },
    async withMutant({ file, from, to }, work) {
      const source = fs.readFileSync(path.join(ROOT, file), 'utf8');
      expect(source.split(from).length - 1, `"${from}" stands once in ${file}`).to.equal(1);
      const compiled = path.join(copy, file.replace(/\.ts$/, '.js'));
      const whole = fs.readFileSync(compiled);
      const wrong = source.replace(from, () => to);
      fs.writeFileSync(compiled, transformSync(wrong, { ...COMPILED, loader: 'ts' }).code);
      forget(copy);
      try {
        await work();
      } finally {
        fs.writeFileSync(compiled, whole);
        forget(copy);
      }
    },
  };
}

function forget(folder: string): void {
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file];
}
