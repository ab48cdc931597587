import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { need } from '../need';

/**
 * Does something while this user may not write a folder.
 * Skips the test where there are no users, and where root's checkout lies in a folder that is closed to everybody else.
 * @param parent gets a folder `closed`, which `work` is given
 * @returns the path of that folder
 */
export async function whileClosed(
  context: Mocha.Context,
  parent: string,
  work: (closed: string) => Promise<void>,
): Promise<string> {
  need(context, process.getuid ? undefined : 'this system has no user ids');
  const closed = join(parent, 'closed');
  mkdirSync(closed);
  chmodSync(parent, 0o755);
  chmodSync(closed, 0o555);
  // Root may write everywhere, so it steps down for the length of the attempt.
  const root = process.getuid!() === 0;
  if (root) process.seteuid!(65534);
  try {
    need(context, canRead(__filename) ? undefined : 'the user that root steps down to cannot read this checkout');
    await work(closed);
  } finally {
    if (root) process.seteuid!(0);
  }
  return closed;
}

function canRead(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}
