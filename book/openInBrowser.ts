import { spawn } from 'node:child_process';

/**
 * The command that opens an address in the default browser.
 * @returns undefined where no one would see it: in CI, through SSH, and on a Linux without a desktop
 */
export function browserCommand(
  url: string,
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): readonly [string, ...string[]] | undefined {
  if (env['CI'] || env['SSH_CONNECTION']) return undefined;
  if (platform === 'darwin') return ['open', url];
  if (platform === 'win32') return ['explorer.exe', url];
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open', url] : undefined;
}

/** Opens an address in the default browser, where there is a desktop. Where that fails, nothing happens. */
export function openInBrowser(url: string): void {
  const command = browserCommand(url);
  if (!command) return;
  const [program, ...args] = command;
  spawn(program, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
