import { expect } from 'chai';
import { rmSync } from 'node:fs';
import { HandgradError } from '../../src/errors';
import { filesIn, openFiles, recorded, type RecordingOptions, takeOver } from './faultyDisk';

/** Work in a locked folder. */
export interface Fenced extends Pick<RecordingOptions, 'isOthers'> {
  /** The folder whose changes are seen. */
  readonly root: string;
  /** The locked folder in it, which the work makes, and which is removed afterwards. */
  readonly dir: string;
  readonly work: () => Promise<void>;
  /** The files that are appended to, by their paths in the locked folder. */
  readonly logs: RegExp;
}

/**
 * Does the work again and again; each time, another process takes the folder over before one of the changes. Checks
 * that the work then fails, and changes nothing more, but for what had asked already: that change, and what was being
 * appended.
 * @returns how often the folder was taken over
 */
export async function assertFenced({ root, dir, work, logs, isOthers }: Fenced): Promise<number> {
  const { changes } = await recorded(root, work, { isOthers });
  rmSync(dir, { recursive: true });
  const locked = changes.findIndex((what) => /^rm .*\.lock-/.test(what));
  const last = changes.findLastIndex((what) => what.startsWith('rename'));
  const visible = () => filesIn(dir, (path) => !path.endsWith('.tmp') && !logs.test(path));
  let times = 0;
  for (let at = locked + 1; at < last; at++) {
    // Before a temporary file is on the disk, it makes no difference.
    if (/^(create|write) .*\.tmp$/.test(changes[at]!)) continue;
    let taken: string | undefined;
    let during = '';
    let error: unknown;
    const before = (what: string, now: number) => {
      if (now !== at || taken !== undefined) return;
      takeOver(dir);
      [taken, during] = [visible(), what];
    };
    const failing = () => work().catch((reason: unknown) => void (error = reason));
    const made = await recorded(root, failing, { isOthers, before });
    const what = `taken over before: ${during}; ${(error as Error | undefined)?.stack}`;
    expect(error, what).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind, what).to.equal('locked');
    if (!/^(rename|rm|mkdir)/.test(during)) expect(visible(), what).to.equal(taken);
    const appended = made.changes.slice(at).filter((one) => one.startsWith('write') && !one.endsWith('.tmp'));
    expect(new Set(appended).size, what).to.equal(appended.length);
    expect(openFiles(dir), what).to.deep.equal([]);
    rmSync(dir, { recursive: true });
    times++;
  }
  return times;
}
