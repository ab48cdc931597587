'use strict';
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// What register.js does where there is no code that it can take.

/** A file that changed a moment ago may change once more within one tick of a coarse clock: its code is not kept. */
const QUIET_MS = 2000;
/** A temporary file that is older is nobody's. */
const LONG_MS = 3_600_000;
const NEW = '.new-';

const OPTIONS = {
  write: false,
  format: 'cjs',
  platform: 'node',
  // As tsconfig.json has it; given here, it is not looked for in every folder.
  target: 'es2023',
  tsconfigRaw: {},
  sourcesContent: false,
  logLevel: 'silent',
};

/**
 * Compiles a source, and in the same go all others of the program whose code is stale: one by one they would take
 * longer.
 * @param name its path from the root
 * @returns by path from the root: the code, the stamp of the source, and whether it has been left alone for a while
 */
exports.compile = (name, { root, maps, stampOf, isStale }) => {
  const [top] = name.split(path.sep);
  const parts = new Set(['src', 'cli', ...(top.startsWith('.') ? [] : [top])]);
  const others = [...parts]
    .flatMap((part) => sourcesIn(root, part))
    .filter((other) => other !== name && isStale(other));
  // Before the sources are read: a change in between is seen at the next start.
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
    // The others are of no concern here.
    const broken = new Set(faults.map(({ location }) => path.normalize(location.file)));
    const sound = sources.filter((source) => !broken.has(source));
    if (sound.length === sources.length) throw error;
    return build(root, sound, wanted, maps);
  }
}

/** Makes one file of a package and what it is made of. */
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
  // npm's own record changes with every installation.
  const files = [...new Set(['node_modules/.package-lock.json', ...manifests, ...inputs])];
  const [{ text: code }] = outputFiles;
  return new Map([[name, { files, stamp: stampOf(files), quiet: isQuiet(root, inputs), code }]]);
};

function esbuild(options) {
  return loadEsbuild().buildSync({ ...OPTIONS, ...options });
}

function loadEsbuild() {
  const { ESBUILD_WORKER_THREADS: before } = process.env;
  // Otherwise it leaves a process behind, which stays beside the program for as long as that runs.
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

/** Writes what was stored, without sources that are gone, and what was compiled. */
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

/** In one step: another start reads the old file or the new one. A checkout that cannot be written is left as it is. */
function write(file, bytes) {
  const folder = path.dirname(file);
  const temp = path.join(folder, `${NEW}${randomUUID()}`);
  try {
    fs.mkdirSync(folder, { recursive: true });
    // Those of a start that was killed.
    for (const left of fs.readdirSync(folder).filter((name) => name.startsWith(NEW))) {
      const { mtimeMs = Infinity } = fs.statSync(path.join(folder, left), { throwIfNoEntry: false }) ?? {};
      if (Date.now() - mtimeMs > LONG_MS) fs.rmSync(path.join(folder, left), { force: true });
    }
    fs.writeFileSync(temp, bytes, { flush: true });
    fs.renameSync(temp, file);
  } catch {
    // The next start compiles again; nothing else depends on it. What a full disk took is given back.
    try {
      fs.rmSync(temp, { force: true });
    } catch {
      // A folder that cannot be written has nothing of it.
    }
  }
}
