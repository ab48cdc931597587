import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadDataset } from '../../src';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { unpackDebianPackage } from '../../src/data/download/packages';

/** Packages that are copied unbundled, without their files for other platforms and their sources. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  koffi: ['package.json', 'index.cjs', 'indirect.cjs', 'lib', 'src'],
  [`@koromix/koffi-linux-${process.arch}`]: ['.'],
  '@tensorflow/tfjs-core': ['package.json', 'dist/tf-core.node.js'],
  '@tensorflow/tfjs-backend-cpu': ['package.json', 'dist/tf-backend-cpu.node.js'],
  '@tensorflow/tfjs-backend-webgpu': ['package.json', 'dist/tf-backend-webgpu.node.js'],
  seedrandom: ['.'],
  long: ['package.json', 'src', 'index.js', 'umd'],
};

/** Modules excluded from the bundles: those packages, and unneeded ones. */
const EXTERNAL = [
  ...Object.keys(PACKAGES),
  ...['sharp', 'vega', 'vega-lite', '@resvg/resvg-js', 'bullmq', 'ioredis', 'webgpu', 'ts-node'],
  ...['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-backend-wasm', 'node-fetch'],
];

const DAWN = 'webgpu@^0.6.2';

/**
 * Makes a folder that checks a GPU without a network: Node, the program and the check in one file each, the backends'
 * sources, Fashion-MNIST, WebGPU's Dawn with Vulkan's loader, the peers.
 * @returns its size in bytes
 */
export async function pack(folder: string, { root, dataDir }: { root: string; dataDir?: string }): Promise<number> {
  const app = path.join(folder, 'app');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(app, { recursive: true });
  fs.copyFileSync(path.join(__dirname, 'run.sh'), path.join(folder, 'run'));
  bundle(root, app);
  copySources(root, app);
  copyPackages(root, path.join(app, 'node_modules'));
  await copyVulkan(path.join(app, 'vulkan'));
  execFileSync('tar', ['cJf', path.join(folder, 'app.tar.xz'), '-C', folder, 'app']);
  fs.rmSync(app, { recursive: true });
  await copyData(folder, dataDir);
  compress(process.execPath, path.join(folder, 'node.xz'));
  return sizeOf(folder);
}

function bundle(root: string, app: string): void {
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  buildSync({
    absWorkingDir: root,
    entryPoints: {
      handgrad: 'cli/main.ts',
      check: 'bench/gpuCheck/check.ts',
      step: 'bench/gpuCheck/step.ts',
      stepProcess: 'bench/stepProcess.ts',
    },
    outdir: app,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    // ES modules use their own URL.
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: 'error',
  });
  // The program reads its own package.json.
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version } = manifest;
  const exports = { './package.json': './package.json' };
  fs.writeFileSync(path.join(app, 'package.json'), JSON.stringify({ name, version, exports }));
}

/** Copies the files that the bundles read at run time. */
function copySources(root: string, app: string): void {
  const copy = (from: string, to: string, wanted: (file: string) => boolean) =>
    fs.cpSync(path.join(root, from), path.join(app, to), {
      recursive: true,
      filter: (file) => fs.statSync(file).isDirectory() || wanted(file),
    });
  copy('src/backends/device', '.', (file) => /\.(cpp|h)$/.test(file));
  copy('bench/peers', 'peers', (file) => file.endsWith('.py'));
  copy('spec/training/fixtures', 'fixtures', (file) => file.endsWith('.safetensors'));
}

function copyPackages(root: string, modules: string): void {
  for (const [name, parts] of Object.entries(PACKAGES)) {
    const from = path.join(root, 'node_modules', name);
    if (!fs.existsSync(from)) throw new Error(`${name} is not installed: run "npm ci".`);
    for (const part of parts) {
      const file = path.join(from, part);
      if (fs.existsSync(file)) fs.cpSync(file, path.join(modules, name, part), { recursive: true });
    }
  }
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-dawn-'));
  try {
    const tarball = execFileSync('npm', ['pack', '--silent', DAWN], { cwd: work, encoding: 'utf8' }).trim();
    const wanted = ['package/package.json', 'package/index.js', `package/dist/linux-${process.arch}`];
    execFileSync('tar', ['xzf', tarball, ...wanted], { cwd: work });
    fs.cpSync(path.join(work, 'package'), path.join(modules, 'webgpu'), { recursive: true });
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Copies Vulkan's loader, which some machines with a GPU lack. */
async function copyVulkan(folder: string): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-vulkan-'));
  try {
    await unpackDebianPackage('libvulkan1', { work });
    const libraries = path.join(work, 'unpacked', 'usr', 'lib');
    const found = (fs.readdirSync(libraries, { recursive: true }) as string[]).find((file) =>
      file.endsWith('libvulkan.so.1'),
    );
    if (found === undefined) throw new Error("Debian's libvulkan1 holds no libvulkan.so.1");
    fs.mkdirSync(folder, { recursive: true });
    fs.copyFileSync(fs.realpathSync(path.join(libraries, found)), path.join(folder, 'libvulkan.so.1'));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

const FILES = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'].map(
  (name) => `${name}-ubyte`,
);

async function copyData(folder: string, dataDir: string | undefined): Promise<void> {
  await loadDataset('fashion-mnist', { dataDir }); // downloaded and verified
  const from = path.join(dataDir ?? defaultDataDir(), 'fashion-mnist');
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-data-'));
  try {
    for (const name of FILES) {
      const plain = path.join(from, name);
      if (fs.existsSync(plain)) fs.copyFileSync(plain, path.join(work, name));
      else execFileSync('sh', ['-c', 'gzip -dc "$1" >"$2"', 'sh', `${plain}.gz`, path.join(work, name)]);
    }
    const tar = path.join(work, 'data.tar');
    execFileSync('tar', ['cf', tar, '-C', work, ...FILES]);
    compress(tar, path.join(folder, 'data.tar.xz'));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Compresses `from` to `to`, unless `to` exists for the same content: Node and the data take minutes, and rarely
 * change.
 */
function compress(from: string, to: string): void {
  const cache = path.join(os.tmpdir(), `handgrad-xz-${process.getuid?.() ?? 0}`);
  fs.mkdirSync(cache, { recursive: true, mode: 0o700 });
  const digest = execFileSync('sha256sum', [from], { encoding: 'utf8' }).slice(0, 32);
  const kept = path.join(cache, `${digest}.xz`);
  if (!fs.existsSync(kept)) {
    const output = fs.openSync(`${kept}.${process.pid}`, 'w');
    execFileSync('xz', ['-T0', '-6', '-c', from], { stdio: ['ignore', output, 'inherit'] });
    fs.closeSync(output);
    fs.renameSync(`${kept}.${process.pid}`, kept);
  }
  fs.copyFileSync(kept, to);
}

function sizeOf(folder: string): number {
  const files = fs.readdirSync(folder, { recursive: true }) as string[];
  return files.reduce((sum, file) => sum + fs.statSync(path.join(folder, file)).size, 0);
}
