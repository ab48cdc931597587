import { execFile } from 'node:child_process';

/** How a script ended, and what it said. */
export interface ScriptEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** `exit code 1`, `SIGABRT`. */
  readonly ended: string;
}

/** What the end of a script that failed says in one line: its error, or else its last words. */
export function lastWords({ stderr, ended }: ScriptEnd): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const said = lines.find((line) => /^(\w*Error|Fatal|FATAL)\b/.test(line)) ?? lines.at(-1);
  return `its process ended with ${ended}${said === undefined ? '' : ` (${said})`}`;
}

/**
 * Runs JavaScript in a Node of its own that loads TypeScript as this one does. It always resolves: how the process ends is part
 * of the answer.
 * @param env added to this process's environment
 */
export function runScript(
  code: string,
  {
    env = {},
    timeoutMs = 300_000,
    signal,
  }: { env?: Record<string, string>; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<ScriptEnd> {
  // From a checkout this file is TypeScript, also where the program that runs it, such as mocha, loads that in a way of its own.
  const loader = __filename.endsWith('.ts') ? ['--require', require.resolve('ts-node/register')] : [];
  const args = [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), ...loader, '--eval', code];
  const options = { timeout: timeoutMs, signal, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ stdout, stderr, ended: error ? (error.signal ?? `exit code ${error.code}`) : 'exit code 0' });
    });
  });
}
