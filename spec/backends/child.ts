import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BackendName, RunningBackend } from '../../src/backends';
import type { BackendOptions } from '../../src/backends/backend';
import { findCompiler } from '../../src/backends/device/native/compile';
import { setupFolder } from '../../src/backends/tensorflow/builtAddon';

const ROOT = path.resolve(__dirname, '../..');
const NODE_GPU_OR_NODE = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

export interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs JavaScript in a Node of its own, started at the root of the checkout: a backend cannot be unloaded,
 * and the addon brings the registered gradients with it that the other specs must not have.
 * @param env added to this process's environment; undefined takes a variable away
 */
export function runInChild(code: string, env: Record<string, string | undefined> = {}): Promise<Ended> {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 };
  return new Promise((resolve) => {
    const argv = ['--require', './bin/register.js', '--eval', code];
    execFile(process.execPath, argv, options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal ?? null) : 0, stdout, stderr });
    });
  });
}

export type Selected = { backend: RunningBackend; notices: string[] } | { kind: string; message: string };

/** What `selectBackend` answers in a Node of its own; `before` is JavaScript that runs first. */
export async function selectInChild(
  requested: 'auto' | BackendName,
  env: Record<string, string | undefined>,
  before = '',
  options: BackendOptions = {},
): Promise<Selected & { stderr: string }> {
  const code = `
    ${before}
    const notices = [];
    const options = { ...${JSON.stringify(options)}, onNotice: (notice) => notices.push(notice) };
    require('./src/backends').selectBackend('${requested}', options).then(
      (backend) => console.log(JSON.stringify({ backend, notices })),
      (error) => console.log(JSON.stringify({ kind: error.kind, message: error.message })));`;
  const { stdout, stderr } = await runInChild(code, env);
  return { ...(JSON.parse(stdout) as Selected), stderr };
}

/**
 * The file of a C++ compiler that does not optimize, which takes a fifth of the time: for specs of compiling, where
 * speed does not matter. To be named by CXX.
 */
export function quickCompiler(): string {
  const file = path.join(temporaryFolder(), 'c++');
  fs.writeFileSync(file, `#!/bin/sh\nexec '${findCompiler()}' "$@" -O0\n`, { mode: 0o755 });
  return file;
}

const temporaryFolders: string[] = [];
process.once('exit', () => {
  for (const folder of temporaryFolders) fs.rmSync(folder, { recursive: true, force: true });
});

/**
 * An empty folder that is gone when the process ends. Named by HANDGRAD_TFJS_NODE, it is a machine without the addon.
 */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-backends-'));
  temporaryFolders.push(folder);
  return folder;
}

/** The folder of a tfjs-node package that this machine has with its addon, as the tensorflow backend finds it. */
export function addonFolder(): string | undefined {
  const named = process.env['HANDGRAD_TFJS_NODE'];
  for (const root of named ? [named] : [setupFolder(), ROOT]) {
    for (const name of NODE_GPU_OR_NODE) {
      try {
        const folder = path.dirname(require.resolve(`${name}/package.json`, { paths: [root] }));
        if (fs.existsSync(path.join(folder, 'lib/napi-v8/tfjs_binding.node'))) return folder;
      } catch {
        // not this one
      }
    }
  }
  return undefined;
}

/** Why the tensorflow backend cannot be tried here, for `need`. */
export function addonAbsent(): string | undefined {
  return addonFolder() ? undefined : 'no TensorFlow is installed (handgrad setup tensorflow builds it)';
}
