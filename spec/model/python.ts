import { spawnSync } from 'node:child_process';

/** The Python that peers are asked with: HANDGRAD_PYTHON, or the one on the path. */
export const PYTHON = process.env['HANDGRAD_PYTHON'] ?? 'python3';

/** Why Python code that imports `modules` cannot run here; undefined when it can. For `need`. */
export function pythonLacks(...modules: readonly string[]): string | undefined {
  const { status, error } = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { encoding: 'utf8' });
  if (error) return `${PYTHON} does not start (${error.message}); set HANDGRAD_PYTHON`;
  return status === 0
    ? undefined
    : `${PYTHON} cannot import ${modules.join(', ')}; set HANDGRAD_PYTHON to one that can`;
}

/**
 * Runs a Python program and returns what it printed as JSON.
 * @throws when it fails, with what it wrote to stderr
 */
export function askPython(program: string, ...args: readonly string[]): unknown {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, ['-c', program, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${PYTHON} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
