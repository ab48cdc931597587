import { expect } from 'chai';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEventFile } from '../../../src/runs/tensorboard/eventFile';
import { temporaryFolder } from '../../data/tinyDataset';
import { failure } from '../../failure';
import { need } from '../../need';
import { askPython, pythonLacks } from '../../model/python';
import { eventsOf } from './eventsOf';

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
  const steps = () => eventsOf(folder()).map(({ step }) => step);

  it('continues from what is kept: what lies beyond is gone, and no step stands twice', async () => {
    const first = await openEventFile(folder());
    await first.append([event(10, 0.5)]);
    await first.append([event(20, 0.25)]);
    await first.flush();
    const kept = first.content();
    await first.append([event(30, 0.125)]);
    await first.close();
    const second = await openEventFile(folder(), { kept });
    expect(second.path).to.equal(first.path);
    await second.append([event(30, 2), event(40, 3)]);
    await second.close();
    expect(steps()).to.deep.equal([10, 20, 30, 40]);
  });

  it('is read by the real TensorBoard', async function () {
    need(this, pythonLacks('tensorboard'));
    const file = await openEventFile(folder());
    await file.append([event(10, 0.5), event(20, 0.25)]);
    await file.close();
    expect(readBack(folder())).to.deep.equal([
      [10, 0.5],
      [20, 0.25],
    ]);
  });

  it('F91 refuses a file that was cut or changed anywhere within what is kept', async () => {
    const whole = await openEventFile(folder());
    await whole.append([event(1, 1), event(2, 2)]);
    await whole.flush();
    const kept = whole.content();
    await whole.close();
    const bytes = readFileSync(whole.path);
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 16;
      for (const harm of [bytes.subarray(0, at), changed]) {
        writeFileSync(whole.path, harm);
        await failure('model', () => openEventFile(folder(), { kept }));
        expect(readFileSync(whole.path).equals(harm)).to.equal(true);
        expect(readdirSync(folder())).to.have.length(1);
      }
    }
  });

  it('starts over in the file that is there, and beside those of others or when its own is gone', async () => {
    writeFileSync(join(folder(), 'events.out.tfevents.1.host'), 'theirs');
    const first = await openEventFile(folder());
    await first.append([event(10, 0.5)]);
    await first.flush();
    const kept = first.content();
    await first.close();
    const over = await openEventFile(folder(), { over: true });
    await over.close();
    expect(over.path).to.equal(first.path);
    const beside = await openEventFile(folder());
    await beside.close();
    expect(beside.path).not.to.equal(first.path);
    rmSync(first.path);
    const rest = await openEventFile(folder(), { kept });
    await rest.append([event(20, 1)]);
    await rest.close();
    expect(readFileSync(join(folder(), 'events.out.tfevents.1.host'), 'utf8')).to.equal('theirs');
    rmSync(join(folder(), 'events.out.tfevents.1.host'));
    expect(steps()).to.deep.equal([20]);
  });

  it('says that a folder cannot be written', async () => {
    expect(await failure('storage', () => openEventFile(join(folder(), 'nowhere')))).to.match(
      /^Cannot write .*nowhere.*; create it or choose another folder\.$/,
    );
  });
});
