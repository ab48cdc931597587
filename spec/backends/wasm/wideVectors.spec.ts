import { expect } from 'chai';
import { runInChild } from '../child';

/** What V8 is told when wasm starts in a Node that says this of itself. */
async function toldV8(version: string, arch: string, execArgv: readonly string[] = []): Promise<string[]> {
  const { stdout, stderr } = await runInChild(`
    const told = [];
    require('node:v8').setFlagsFromString = (flag) => told.push(flag);
    Object.defineProperty(process.versions, 'node', { value: '${version}' });
    Object.defineProperty(process, 'arch', { value: '${arch}' });
    process.execArgv = ${JSON.stringify(execArgv)};
    require('./src/backends/wasm/wideVectors').useWideVectors();
    console.log(JSON.stringify(told));`);
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

// That the bits stay the same is checked where there is such a Node: same_bytes in .ci/run.
describe('wide vectors', function () {
  this.timeout(60_000);

  it('are asked for from Node 24 on, on x64', async () => {
    expect(await toldV8('24.0.0', 'x64')).to.deep.equal(['--experimental-wasm-revectorize']);
    expect(await toldV8('26.1.0', 'x64')).to.have.length(1);
    expect(await toldV8('20.19.0', 'x64')).to.deep.equal([]);
    expect(await toldV8('22.20.0', 'x64')).to.deep.equal([]);
    expect(await toldV8('24.0.0', 'arm64')).to.deep.equal([]);
  });

  it('are left as they are where Node was started with the flag or its opposite', async () => {
    expect(await toldV8('24.0.0', 'x64', ['--no-experimental-wasm-revectorize'])).to.deep.equal([]);
    expect(await toldV8('24.0.0', 'x64', ['--experimental_wasm_revectorize'])).to.deep.equal([]);
    expect(await toldV8('24.0.0', 'x64', ['--no-warnings'])).to.have.length(1);
  });
});
