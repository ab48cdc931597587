'use strict';
// Lets `require` load this checkout's TypeScript: `node --require ./bin/register.js FILE.ts`. Types are not checked;
// `npm run types` does that. The compiled code is kept in one file in `.cache/start/`, and each source is compared with
// it by size and times when it is loaded, so edits, other branches and deleted files are noticed. The file is a cache:
// it may be deleted at any time, and if it cannot be written, every start compiles.
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const root = path.dirname(__dirname);
// Source maps double the bytes of a start; they are included only when stack traces are shown.
const maps = process.argv.includes('--debug') || process.sourceMapsEnabled === true;
if (maps) process.setSourceMapsEnabled(true);
const cache = path.join(root, '.cache', 'start');
const file = path.join(cache, maps ? 'code-with-maps' : 'code');
// V8's code cache, from Node 22 on.
Module.enableCompileCache?.(path.join(cache, 'v8'));

/**
 * Packages of 25 and 95 files that almost every command loads: bundled into one file each,
 * they load in a fraction of the time. The value is the file that `import.meta.url` refers to.
 */
const PACKED = { yargs: 'lib/platform-shims/esm.mjs', zod: 'index.js' };

/** The state of files. The inode's change time reveals an edit that keeps size and modification time. */
function stampOf(files) {
  const stats = files.map((name) => fs.statSync(path.join(root, name), { throwIfNoEntry: false }));
  return stats.map((stat) => (stat ? `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` : 'none')).join(', ');
}

/** The compiler's stamp: another version or other options may produce other code. */
const compiler = stampOf(['bin/register.js', 'bin/compile.js', 'node_modules/esbuild/package.json']);

const store = readStore();
/** What this process has compiled, by key. */
const compiled = new Map();

/**
 * @returns code as bytes; in `places`, by key (a source's path from the root, or a package's name):
 * the stamp of its files, the range of its code, and the files unless there is only the source
 */
function readStore() {
  try {
    const bytes = fs.readFileSync(file);
    const end = bytes.indexOf('\n');
    const head = JSON.parse(bytes.toString('utf8', 0, end));
    const code = bytes.subarray(end + 1);
    if (head.compiler === compiler && head.size === code.length) return { places: new Map(head.places), code };
  } catch {
    // There is none, or it is truncated: everything is compiled.
  }
  return { places: new Map(), code: Buffer.alloc(0) };
}

function stored(key) {
  const [stamp, start, end, files] = store.places.get(key) ?? [];
  return stamp === stampOf(files ?? [key]) ? store.code.toString('utf8', start, end) : undefined;
}

function codeOf(key) {
  return compiled.get(key)?.code ?? stored(key) ?? compileNow(key);
}

function compileNow(key) {
  const { compile, pack, save } = require('./compile');
  const how = { root, maps, stampOf, isStale: (other) => stored(other) === undefined };
  const fresh = Object.hasOwn(PACKED, key) ? pack(key, PACKED[key], how) : compile(key, how);
  for (const [other, entry] of fresh) compiled.set(other, entry);
  save(root, file, compiler, store, compiled);
  return compiled.get(key).code;
}

const packages = new Map();

function loadPackage(name) {
  let module = packages.get(name);
  if (!module) {
    module = new Module(path.join(cache, `${name}.js`));
    packages.set(name, module);
    module._compile(codeOf(name), module.id);
  }
  return module.exports;
}

const elsewhere = Module._extensions['.ts'] ?? Module._extensions['.js'];
Module._extensions['.ts'] = (module, source) => {
  const name = path.relative(root, source);
  if (name.startsWith('..') || path.isAbsolute(name)) return elsewhere(module, source);
  module.require = (id) => (Object.hasOwn(PACKED, id) ? loadPackage(id) : Module.prototype.require.call(module, id));
  module._compile(codeOf(name), source);
};

// Processes started with this one's options load TypeScript as well.
if (!process.execArgv.includes(__filename)) process.execArgv.push('--require', __filename);
