'use strict';
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// Compiles sources for register.js when the cache has no code for them.

/** The code of a file that changed a moment ago is not kept: on a coarse clock it may change again within one tick. */
const QUIET_MS = 2000;
/** An older temporary file is abandoned. */
const LONG_MS = 3_600_000;
const NEW = '.new-';

const OPTIONS = {
  write: false,
  format: 'cjs',
  platform: 'node',
  // As in tsconfig.json; stated here, to spare a search in every folder.
  target: 'es2023',
  tsconfigRaw: {},
  sourcesContent: false,
  logLevel: 'silent',
};

/**
 * Compiles a source together with all other stale sources of the program, which is faster than one by one.
 * @param name its path from the root
 * @returns by path from the root: the code, the stamp of the source, and whether it has been unchanged for a while
 */
exports.compile = (name, { root, maps, stampOf, isStale }) => {
  const [top] = name.split(path.sep);
  const parts = new Set(['src', 'cli', ...(top.startsWith('.') ? [] : [top])]);
  const others = [...parts]
    .flatMap((part) => sourcesIn(root, part))
    .filter((other) => other !== name && isStale(other));
  // Taken before the sources are read, so that the next start notices a change in between.
  const states = new Map(
    [name, ...others].map((source) => [source, { stamp: stampOf([source]), quiet: isQuiet(root, [source]) }]),
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

function isQuiet(root, files) {
  const stats = files.map((name) => fs.statSync(path.join(root, name)));
  return stats.every(({ mtimeMs, ctimeMs }) => Date.now() - Math.max(mtimeMs, ctimeMs) > QUIET_MS);
}

/** @returns the code by source; without those that have an error, unless `wanted` is one of them */
function build(root, sources, wanted, maps) {
  try {
    const { outputFiles } = esbuild({
      absWorkingDir: root,
      entryPoints: sources,
      outbase: root,
      outdir: root,
      sourcemap: maps && 'inline',
    });
    return new Map(outputFiles.map((file) => [path.relative(root, file.path).replace(/\.js$/, '.ts'), file.text]));
  } catch (error) {
    const faults = (error.errors ?? []).filter(({ location }) => location);
    const fault = faults.find(({ location }) => path.normalize(location.file) === wanted);
    if (fault) {
      const { file, line, column } = fault.location;
      throw new SyntaxError(`${file}:${line}:${column + 1}: ${fault.text}`, { cause: error });
    }
    // Errors in other files do not matter here.
    const broken = new Set(faults.map(({ location }) => path.normalize(location.file)));
    const sound = sources.filter((source) => !broken.has(source));
    if (sound.length === sources.length) throw error;
    return build(root, sound, wanted, maps);
  }
}

/** Bundles a package into one file. */
exports.pack = (name, self, { root, maps, stampOf }) => {
  const folder = path.join(root, 'node_modules', name);
  const { outputFiles, metafile } = esbuild({
    absWorkingDir: root,
    stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: root },
    bundle: true,
    metafile: true,
    sourcemap: maps && 'inline',
    outfile: path.join(root, '.cache', 'start', `${name}.js`),
    define: { 'import.meta.url': 'IMPORT_META_URL' },
    banner: { js: `const IMPORT_META_URL = ${JSON.stringify(pathToFileURL(path.join(folder, self)).href)};` },
  });
  const inputs = Object.keys(metafile.inputs).filter((input) => input !== '<stdin>');
  const manifests = inputs.map((input) => input.replace(/(.*node_modules\/(@[^/]+\/)?[^/]+\/).*/, '$1package.json'));
  // npm's lock file changes with every installation.
  const files = [...new Set(['node_modules/.package-lock.json', ...manifests, ...inputs])];
  const [{ text: code }] = outputFiles;
  return new Map([[name, { files, stamp: stampOf(files), quiet: isQuiet(root, inputs), code }]]);
};

function esbuild(options) {
  return loadEsbuild().buildSync({ ...OPTIONS, ...options });
}

function loadEsbuild() {
  const { ESBUILD_WORKER_THREADS: before } = process.env;
  // Otherwise esbuild keeps a process running as long as the program.
  process.env.ESBUILD_WORKER_THREADS = '0';
  try {
    return require('esbuild');
  } catch (cause) {
    throw new Error('A checkout is compiled by esbuild, which is not installed here: run "npm ci".', { cause });
  } finally {
    if (before === undefined) delete process.env.ESBUILD_WORKER_THREADS;
    else process.env.ESBUILD_WORKER_THREADS = before;
  }
}

/** Writes the stored code, without removed sources, and the compiled code. */
exports.save = (root, file, compiler, { places, code }, compiled) => {
  const codes = new Map();
  for (const [key, [stamp, start, end, files]] of places) {
    const [first] = files ?? [key];
    if (fs.existsSync(path.join(root, first))) codes.set(key, { stamp, code: code.subarray(start, end), files });
  }
  for (const [key, { stamp, code, files, quiet }] of compiled) {
    if (quiet) codes.set(key, { stamp, code: Buffer.from(code), files });
    else codes.delete(key);
  }
  let end = 0;
  const index = [...codes].map(([key, { stamp, code, files }]) => [key, [stamp, end, (end += code.length), files]]);
  const head = Buffer.from(`${JSON.stringify({ compiler, size: end, places: index })}\n`);
  write(file, Buffer.concat([head, ...[...codes.values()].map(({ code }) => code)]));
};

/** Writes atomically: another start reads the old file or the new one. A read-only checkout is left as it is. */
function write(file, bytes) {
  const folder = path.dirname(file);
  const temp = path.join(folder, `${NEW}${randomUUID()}`);
  try {
    fs.mkdirSync(folder, { recursive: true });
    // Left behind by a killed start.
    for (const left of fs.readdirSync(folder).filter((name) => name.startsWith(NEW))) {
      const { mtimeMs = Infinity } = fs.statSync(path.join(folder, left), { throwIfNoEntry: false }) ?? {};
      if (Date.now() - mtimeMs > LONG_MS) fs.rmSync(path.join(folder, left), { force: true });
    }
    fs.writeFileSync(temp, bytes, { flush: true });
    fs.renameSync(temp, file);
  } catch {
    // The next start compiles again; nothing else depends on it. Free the space if the disk is full.
    try {
      fs.rmSync(temp, { force: true });
    } catch {
      // Nothing to remove in a read-only folder.
    }
  }
}
