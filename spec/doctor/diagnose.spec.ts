import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { inspectDatasets } from '../../src/doctor/datasets';
import { judge } from '../../src/doctor/diagnose';
import { inspectMachine } from '../../src/doctor/machine';
import type { BackendReport } from '../../src/doctor/probeBackend';
import { temporaryFolder } from '../backends/child';

const RUNS = { runs: { folder: 'runs', writable: true, freeBytes: 1e9 } };
const running = (name: 'tensorflow' | 'wasm', missingKernels: string[] = []): BackendReport => ({
  name,
  runs: true,
  device: 'a device',
  missingKernels,
  gflops: 1,
  largestError: 1e-7,
});
const refused: BackendReport = { name: 'tensorflow-gpu', runs: false, reason: 'there is no GPU; buy one' };
const intact = { name: 'mnist', folder: 'datasets/mnist', state: 'intact' } as const;

describe('judge', () => {
  it('is ready on the first backend that auto would take', () => {
    const found = judge({ backend: 'auto' }, RUNS, [refused, running('wasm'), running('tensorflow')], [intact]);
    expect(found).to.deep.include({ ready: true, next: 'train' });
    expect(found.verdict).to.match(/on the tensorflow backend\.$/);
  });

  it('says that native would be faster where only wasm is left', () => {
    const { verdict } = judge({ backend: 'auto' }, RUNS, [refused, running('wasm')], []);
    expect(verdict).to.match(/on the wasm backend; the native backend would be faster\.$/);
  });

  it('is not ready when the backend asked for is refused, and repeats why', () => {
    const found = judge({ backend: 'tensorflow-gpu' }, RUNS, [refused, running('wasm')], []);
    expect(found).to.deep.include({ ready: false, next: 'setup tensorflow' });
    expect(found.verdict).to.equal('The tensorflow-gpu backend does not run here: there is no GPU; buy one.');
  });

  it('takes no backend that lacks a kernel', () => {
    const lacking = running('wasm', ['Erf']);
    expect(judge({ backend: 'auto' }, RUNS, [lacking], [])).to.have.property('ready', false);
    expect(judge({ backend: 'wasm' }, RUNS, [lacking], []).verdict).to.contain('it lacks Erf');
  });

  it('is not ready without a place for runs, on a full disk, and with a damaged data set', () => {
    const on = (runs: object, datasets: Parameters<typeof judge>[3] = []) =>
      judge({ backend: 'auto' }, { runs: { ...RUNS.runs, ...runs } }, [running('wasm')], datasets);
    expect(on({ writable: false })).to.have.property('ready', false);
    expect(on({ freeBytes: 1e6 })).to.have.property('ready', false);
    const damaged = on({}, [intact, { ...intact, state: 'damaged', problem: 'it is cut' }]);
    expect(damaged).to.deep.include({ ready: false, next: 'download mnist' });
    expect(damaged.verdict).to.contain('it is cut');
  });
});

describe('inspectDatasets', () => {
  it('tells absent from damaged, and writes nothing', async () => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, 'mnist'));
    fs.writeFileSync(path.join(folder, 'mnist/train-images-idx3-ubyte'), 'no images');
    fs.mkdirSync(path.join(folder, 'kmnist'));
    const found = await inspectDatasets(folder);
    expect(found.map(({ name, state }) => `${name} ${state}`)).to.deep.equal([
      'fashion-mnist absent',
      'mnist damaged',
      'kmnist damaged',
    ]);
    expect(found[1]!.problem).to.contain('train-images-idx3-ubyte');
    expect(found[2]!.problem).to.match(/is missing$/);
    expect(fs.readdirSync(folder).sort()).to.deep.equal(['kmnist', 'mnist']);
  });
});

describe('inspectMachine', () => {
  it('looks at the folder for runs, or where it would be made', async () => {
    const folder = temporaryFolder();
    const { runs, node, cpu, memory } = await inspectMachine(path.join(folder, 'runs/of/today'));
    expect(runs).to.include({ writable: true }).and.to.have.property('freeBytes').above(0);
    expect(node.version).to.equal(process.versions.node);
    expect(cpu.processors).to.be.at.least(1);
    expect(memory.totalBytes).to.be.above(memory.freeBytes);
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, '');
    expect((await inspectMachine(file)).runs.writable, 'a file is no folder').to.equal(false);
  });
});
