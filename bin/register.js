'use strict';
// Lets `require` load this checkout's TypeScript: `node --require ./bin/register.js FILE.ts`. Types are not looked at; `npm run
// types` does that. The compiled code is kept in one file in `.cache/start/`, and each source is compared with it by size and
// times when it is loaded, so an edit, another branch and a deleted file are noticed as by an interpreter. The file is a cache:
// it may be deleted at any time, and where it cannot be written every start compiles.
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const root = path.dirname(__dirname);
// Source maps double what each start reads; they are there when a stack trace is asked for.
const maps = process.argv.includes('--debug') || process.sourceMapsEnabled === true;
if (maps) process.setSourceMapsEnabled(true);
const file = path.join(root, '.cache', 'start', maps ? 'code-with-maps' : 'code');

/** A file's state. The inode's change time notices an edit that keeps size and modification time. */
const stampOf = ({ size, mtimeMs, ctimeMs }) => `${size} ${mtimeMs} ${ctimeMs}`;

/** What compiles; another version or other options may give other code. */
const compiler = [path.join(__dirname, 'compile.js'), path.join(root, 'node_modules', 'esbuild', 'package.json')]
  .map((part) => stampOf(fs.statSync(part, { throwIfNoEntry: false }) ?? {}))
  .join(', ');

const store = readStore();
/** Code that this process has compiled, by the source's path from the root. */
const compiled = new Map();

/** @returns code as bytes; in `places`, by the source's path from the root, its stamp and where its code begins and ends */
function readStore() {
  try {
    const bytes = fs.readFileSync(file);
    const end = bytes.indexOf('\n');
    const head = JSON.parse(bytes.toString('utf8', 0, end));
    const code = bytes.subarray(end + 1);
    if (head.compiler === compiler && head.size === code.length) return { places: new Map(head.places), code };
  } catch {
    // There is none, or not a whole one: everything is compiled.
  }
  return { places: new Map(), code: Buffer.alloc(0) };
}

function stored(name) {
  const [stamp, start, end] = store.places.get(name) ?? [];
  if (stamp === undefined || stamp !== stampOf(fs.statSync(path.join(root, name)))) return undefined;
  return store.code.toString('utf8', start, end);
}

function compileNow(name) {
  const { compile, save } = require('./compile');
  const fresh = compile(root, name, { maps, stampOf, isStale: (other) => stored(other) === undefined });
  for (const [other, { code }] of fresh) compiled.set(other, code);
  save(file, compiler, store, fresh);
  return compiled.get(name);
}

const elsewhere = Module._extensions['.ts'] ?? Module._extensions['.js'];
Module._extensions['.ts'] = (module, source) => {
  const name = path.relative(root, source);
  if (name.startsWith('..') || path.isAbsolute(name)) return elsewhere(module, source);
  module._compile(compiled.get(name) ?? stored(name) ?? compileNow(name), source);
};

// Whoever starts a process with this one's options has one that loads TypeScript.
if (!process.execArgv.includes(__filename)) process.execArgv.push('--require', __filename);
