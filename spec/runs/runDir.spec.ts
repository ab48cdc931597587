import { expect } from 'chai';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { HandgradError } from '../../src/errors';
import { defaultRunDir } from '../../src/runs/runDir';

describe('the folder of a run that was given none', () => {
  const now = new Date(2026, 1, 3, 4, 5, 6);
  let parent = '';
  beforeEach(async () => {
    parent = join(await mkdtemp(join(tmpdir(), 'handgrad-')), 'runs');
  });
  afterEach(() => rm(dirname(parent), { recursive: true }));

  it('is named after the data set, the date and the time, and made', async () => {
    const dir = await defaultRunDir('fashion-mnist', now, parent);
    expect(dir).to.equal(join(parent, 'fashion-mnist-20260203-040506'));
    expect(await readdir(parent)).to.deep.equal([basename(dir)]);
  });

  it('is another one for each of many runs that start in the same second', async () => {
    const dirs = await Promise.all(Array.from({ length: 20 }, () => defaultRunDir('mnist', now, parent)));
    expect(new Set(dirs).size).to.equal(20);
    expect(dirs).to.include(join(parent, 'mnist-20260203-040506-20'));
  });

  const names: Record<string, string> = {
    '../../etc': 'etc',
    '..': 'run',
    '': 'run',
    '/': 'run',
    '.hidden': 'hidden',
    'a/b\\c:d': 'a-b-c-d',
    'x\0y\n\u001b[2J': 'x-y-2J',
    'my data (2).csv': 'my-data-2-.csv',
    größe: 'größe',
    ['🧮'.repeat(99)]: 'run',
    ['ü'.repeat(300)]: 'ü'.repeat(40),
  };
  for (const [name, clean] of Object.entries(names)) {
    it(`F43 stays in the parent for the data set ${JSON.stringify(name.slice(0, 20))}`, async () => {
      const dir = await defaultRunDir(name, now, parent);
      expect(dir).to.equal(join(parent, `${clean}-20260203-040506`));
      expect(await readdir(parent)).to.deep.equal([basename(dir)]);
    });
  }

  it('F04 ends with a storage error when the parent is a file', async () => {
    await writeFile(parent, '');
    const error = await defaultRunDir('mnist', now, parent).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind).to.equal('storage');
    expect((error as HandgradError).message).to.match(
      /runs: something else with that name exists; choose another folder\.$/,
    );
  });
});
