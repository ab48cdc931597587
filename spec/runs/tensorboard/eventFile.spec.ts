import { expect } from 'chai';
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { openEventFile } from '../../../src/runs/tensorboard/eventFile';
import { temporaryFolder } from '../../data/tinyDataset';
import { need } from '../../need';
import { askPython, pythonLacks } from '../../model/python';

/** The steps and values of the tag `loss`, as the real TensorBoard reads them. */
function readBack(dir: string): [step: number, value: number][] {
  const script = readFileSync(join(__dirname, 'read_back.py'), 'utf8');
  const { scalars } = askPython(script, dir) as { scalars: Record<string, [number, number][]> };
  return scalars['loss'] ?? [];
}

const event = (step: number, scalar: number) => ({ wallTime: 1000 + step, step, values: [{ tag: 'loss', scalar }] });

describe('openEventFile', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  before(function () {
    need(this, pythonLacks('tensorboard'));
  });

  it('goes on from a step: what lies beyond it is gone, and no step stands twice', async () => {
    const first = await openEventFile(folder(), 0);
    await first.append([event(10, 0.5)]);
    await first.append([event(20, 0.25), event(30, 0.125)]);
    await first.close();
    const second = await openEventFile(folder(), 20);
    expect(second.path).to.equal(first.path);
    await second.append([event(30, 2), event(40, 3)]);
    await second.close();
    expect(readBack(folder())).to.deep.equal([
      [10, 0.5],
      [20, 0.25],
      [30, 2],
      [40, 3],
    ]);
  });

  it('goes on behind the last whole record of a file that was cut anywhere, or has bytes changed', async () => {
    const whole = await openEventFile(folder(), 0);
    await whole.append([event(1, 1)]);
    await whole.append([event(2, 2)]);
    await whole.close();
    const bytes = readFileSync(whole.path);
    const name = whole.path.split('/').at(-1)!;
    // A version record, and two of one size.
    const size = (bytes.length - 40) / 2;
    for (let cut = 0; cut < bytes.length; cut += 7) {
      const dir = join(folder(), `cut${cut}`);
      mkdirSync(dir);
      copyFileSync(whole.path, join(dir, name));
      truncateSync(join(dir, name), cut);
      if (cut % 2 === 1) appendFileSync(join(dir, name), Buffer.alloc(30, 7));
      const file = await openEventFile(dir, 2);
      await file.append([event(3, 3)]);
      await file.close();
      expect(readdirSync(dir)).to.deep.equal([name]);
      const kept = readFileSync(join(dir, name));
      const wholeRecords = Math.max(0, Math.floor((cut - 40) / size));
      expect(kept.length, `cut at ${cut}`).to.equal(40 + (wholeRecords + 1) * size);
      expect(kept.subarray(40, 40 + wholeRecords * size).equals(bytes.subarray(40, 40 + wholeRecords * size))).to.be
        .true;
    }
    expect(readBack(join(folder(), 'cut98'))).to.deep.equal([
      [1, 1],
      [3, 3],
    ]);
  });

  it('says that a folder cannot be written', async () => {
    const failed = await openEventFile(join(folder(), 'nowhere'), 0).then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(failed).to.match(/^Cannot write .*nowhere.*; create it or choose another folder\.$/);
  });
});
