import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';

/** The user's cache folder for handgrad: `$XDG_CACHE_HOME/handgrad`, `~/.cache/handgrad`. */
export function userCache(): string {
  // An empty or relative XDG_CACHE_HOME counts as unset (XDG Base Directory Specification 0.8).
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache?.startsWith(sep) ? cache : join(homedir(), '.cache'), 'handgrad');
}

/** The script that starts another process of this program: the compiled one, or in a checkout the one that compiles. */
export function programFile(): string {
  const folder = dirname(require.resolve('handgrad/package.json'));
  return __filename.endsWith('.ts') ? join(folder, 'bin', 'handgrad.js') : join(folder, 'dist', 'cli', 'main.js');
}

/** The folder of the scripts and styles of web pages. */
export function pagesFolder(): string {
  return join(dirname(require.resolve('handgrad/package.json')), 'pages');
}

/** The checkout of handgrad that contains `folder`; undefined when there is none, as in an installed package. */
export function checkoutOf(folder: string): string | undefined {
  if (folder.split(sep).includes('node_modules')) return undefined;
  for (let root = folder; ; root = dirname(root)) {
    const manifest = join(root, 'package.json');
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string };
      return name === 'handgrad' && existsSync(join(root, 'src')) ? root : undefined;
    }
    if (dirname(root) === root) return undefined;
  }
}

/** Where one kind of compiled code is kept: in the checkout that contains `codeFolder`, or else in the user's cache. */
export function cacheFolder(kind: string, codeFolder: string): string {
  const root = checkoutOf(codeFolder);
  return root === undefined ? join(userCache(), kind) : join(root, '.cache', kind);
}
