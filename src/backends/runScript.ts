import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

/** How a script ended, and its output. */
export interface ScriptEnd {
  /** Its last `process.send` message; undefined without one. */
  readonly answer: unknown;
  readonly stderr: string;
  /** `exit code 1`, `SIGABRT`. */
  readonly ended: string;
}

/** The failure of a script in one line: its error, or else its last line of stderr. */
export function lastWords({ stderr, ended }: ScriptEnd): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const said = lines.find((line) => /^(\w*Error|Fatal|FATAL)\b/.test(line)) ?? lines.at(-1);
  return `its process ended with ${ended}${said === undefined ? '' : ` (${said})`}`;
}

/**
 * Runs JavaScript in a separate Node process that loads TypeScript as this one does.
 * It always resolves: how the process ends is part of the result.
 * @param env added to this process's environment
 */
export async function runScript(
  code: string,
  {
    env = {},
    timeoutMs = 300_000,
    signal,
  }: { env?: Record<string, string>; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<ScriptEnd> {
  // In a checkout this file is TypeScript, even if the program that runs it, such as mocha, has its own loader.
  const register = join(dirname(require.resolve('handgrad/package.json')), 'bin', 'register.js');
  const loader = __filename.endsWith('.ts') ? ['--require', register] : [];
  const args = [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), ...loader, '--eval', code];
  // Backends print to stdout, which is ignored: answers have a separate channel.
  const child = spawn(process.execPath, args, {
    timeout: timeoutMs,
    signal,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let answer: unknown;
  let stderr = '';
  child.on('message', (message) => (answer = message));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    // An aborted signal, or no Node at this path; 'close' follows only if the process had started.
    child.on('error', ({ message }) => resolve({ answer, stderr, ended: message }));
    child.on('close', (code, killed) => resolve({ answer, stderr, ended: killed ?? `exit code ${code}` }));
  });
}
