import path from 'node:path';

/** A package that handgrad does not depend on. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/**
 * Finds packages that the user may have installed: in the folder given by an environment variable,
 * or else in `first`, beside handgrad, and in the working directory.
 * @param names in the order of preference
 * @param variable the environment variable; if it is set, only its folder is searched
 * @param first more folders to look in
 * @returns the packages found: every name in the first folder, then every name in the next
 */
export function installedPackages(
  names: readonly string[],
  variable: string,
  first: readonly string[] = [],
): InstalledPackage[] {
  const named = process.env[variable];
  const roots = named ? [path.resolve(named)] : [...first, __dirname, process.cwd()];
  const found = new Map<string, InstalledPackage>();
  for (const root of roots) {
    for (const name of names) {
      const manifest = resolveFrom(root, `${name}/package.json`);
      if (!manifest || found.has(manifest)) continue;
      const { version } = require(manifest) as { version: string };
      found.set(manifest, { name, version, folder: path.dirname(manifest) });
    }
  }
  return [...found.values()];
}

function resolveFrom(root: string, request: string): string | undefined {
  try {
    return require.resolve(request, { paths: [root] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
