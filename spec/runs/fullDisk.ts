import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A file system of this test's own, in a mount namespace of its own: it is gone when the child is.
const IN_NAMESPACE = ['--user', '--map-root-user', '--mount', 'sh', '-ec'];

/** Why no small file system can be mounted here; undefined when one can. For `need`. */
export function smallDiskLacks(): string | undefined {
  const { status, error } = spawnSync('unshare', [...IN_NAMESPACE, 'mount -t tmpfs -o size=64k none /mnt']);
  return error || status !== 0 ? 'no tmpfs can be mounted here (unshare with user namespaces, Linux)' : undefined;
}

/**
 * Runs TypeScript in a child whose `process.argv[1]` is a folder on a file system of 64 KiB.
 * @param program may `require` from spec/runs; calls `answer(value)` once
 * @param mountOptions what the file system is remounted with before the program runs, such as `ro`
 * @returns what it answered
 */
export function onSmallDisk(program: string, mountOptions?: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-'));
  const mount = [
    'mount -t tmpfs -o size=64k none "$1"',
    ...(mountOptions ? [`mount -o remount,${mountOptions} "$1"`] : []),
  ];
  const code = `const answer = (value) => process.stdout.write(JSON.stringify(value)); (async () => {${program}})();`;
  const command = [...mount, 'exec "$0" --require ../../bin/register.js -e "$2" "$1"'].join('; ');
  try {
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [...IN_NAMESPACE, command, process.execPath, folder, code],
      {
        cwd: __dirname,
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`the child ended with ${status}: ${stderr}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
