'use strict';
const fs = require('node:fs');
const path = require('node:path');

/** A file that changed a moment ago may change once more within one tick of a coarse clock: its code is not kept. */
const QUIET_MS = 2000;
/** A temporary folder that is older is nobody's. */
const LONG_MS = 3_600_000;
const NEW = '.new-';

/**
 * Compiles a source, and in the same go all others of the program whose code is stale: one by one they would take longer.
 * @param name its path from the root
 * @returns by path from the root: the code, the stamp of the source, and whether it had been left alone before
 */
exports.compile = (root, name, { maps, stampOf, isStale }) => {
  const [top] = name.split(path.sep);
  const parts = new Set(['src', 'cli', ...(top.startsWith('.') ? [] : [top])]);
  const others = [...parts]
    .flatMap((part) => sourcesIn(root, part))
    .filter((other) => other !== name && isStale(other));
  // Before the sources are read: a change in between is seen at the next start.
  const states = new Map(
    [name, ...others].map((source) => {
      const stat = fs.statSync(path.join(root, source));
      const quiet = Date.now() - Math.max(stat.mtimeMs, stat.ctimeMs) > QUIET_MS;
      return [source, { stamp: stampOf(stat), quiet }];
    }),
  );
  const outputs = build(root, [...states.keys()], name, maps);
  return new Map([...outputs].map(([source, code]) => [source, { ...states.get(source), code }]));
};

function sourcesIn(root, folder) {
  if (!fs.statSync(path.join(root, folder)).isDirectory()) return [];
  return fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.includes('node_modules'))
    .map((name) => path.join(folder, name));
}

/** @returns the code by source; without those that have an error, unless `wanted` is one of them */
function build(root, sources, wanted, maps) {
  const esbuild = loadEsbuild();
  try {
    const { outputFiles } = esbuild.buildSync({
      absWorkingDir: root,
      entryPoints: sources,
      outbase: root,
      outdir: root,
      write: false,
      format: 'cjs',
      platform: 'node',
      // As tsconfig.json has it, which a specification of its own keeps from being read for each folder.
      target: 'es2023',
      tsconfigRaw: {},
      sourcemap: maps && 'inline',
      sourcesContent: false,
      logLevel: 'silent',
    });
    return new Map(outputFiles.map((file) => [path.relative(root, file.path).replace(/\.js$/, '.ts'), file.text]));
  } catch (error) {
    const faults = (error.errors ?? []).filter(({ location }) => location);
    const fault = faults.find(({ location }) => path.normalize(location.file) === wanted);
    if (fault) {
      const { file, line, column } = fault.location;
      throw new SyntaxError(`${file}:${line}:${column + 1}: ${fault.text}`, { cause: error });
    }
    // The others are of no concern here.
    const broken = new Set(faults.map(({ location }) => path.normalize(location.file)));
    const sound = sources.filter((source) => !broken.has(source));
    if (sound.length === sources.length) throw error;
    return build(root, sound, wanted, maps);
  } finally {
    // It would stay beside the program as a process of its own.
    esbuild.stop();
  }
}

function loadEsbuild() {
  try {
    return require('esbuild');
  } catch (cause) {
    throw new Error('A checkout is compiled by esbuild, which is not installed here: run "npm ci".', { cause });
  }
}

/** Writes what was stored, without sources that are gone, and what was compiled. */
exports.save = (file, compiler, { places, code }, fresh) => {
  const root = path.join(__dirname, '..');
  const codes = new Map();
  for (const [name, [stamp, start, end]] of places) {
    if (fs.existsSync(path.join(root, name))) codes.set(name, { stamp, code: code.subarray(start, end) });
  }
  for (const [name, entry] of fresh) {
    if (entry.quiet) codes.set(name, { stamp: entry.stamp, code: Buffer.from(entry.code) });
    else codes.delete(name);
  }
  let end = 0;
  const index = [...codes].map(([name, { stamp, code }]) => [name, [stamp, end, (end += code.length)]]);
  const head = Buffer.from(`${JSON.stringify({ compiler, size: end, places: index })}\n`);
  write(file, Buffer.concat([head, ...[...codes.values()].map(({ code }) => code)]));
};

/** In one step: another start reads the old file or the new one. A checkout that cannot be written is left as it is. */
function write(file, bytes) {
  const folder = path.dirname(file);
  try {
    fs.mkdirSync(folder, { recursive: true });
    // Those of a start that was killed.
    for (const name of fs.readdirSync(folder)) {
      const left = path.join(folder, name);
      const made = name.startsWith(NEW) && fs.statSync(left, { throwIfNoEntry: false })?.mtimeMs;
      if (made && Date.now() - made > LONG_MS) fs.rmSync(left, { recursive: true, force: true });
    }
    const temp = fs.mkdtempSync(path.join(folder, NEW));
    try {
      fs.writeFileSync(path.join(temp, 'code'), bytes, { flush: true });
      fs.renameSync(path.join(temp, 'code'), file);
    } finally {
      fs.rmSync(temp, { recursive: true });
    }
  } catch {
    // The next start compiles again; nothing else depends on it.
  }
}
