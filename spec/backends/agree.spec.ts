import { expect } from 'chai';
import { BACKENDS, type BackendName } from '../../src/backends';
import { nvidiaGpus } from '../../src/backends/nvidia';
import { need, needNvidia } from '../need';
import { runInChild } from './child';
import { standInAbsent, standInFolder } from './device/standIn/standIn';
import { OPERATIONS, type OperationName } from './operations';

type Results = Record<OperationName, { shape: number[]; numbers: string }>;

describe('F65 the backends agree', function () {
  this.timeout(180_000);
  let expected: Results;

  before(async () => {
    const answer = await computeOn('cpu');
    if ('refused' in answer) throw new Error(answer.refused);
    expected = answer.results;
  });

  for (const backend of (Object.keys(BACKENDS) as BackendName[]).filter((name) => name !== 'cpu')) {
    describe(`${backend} with cpu`, () => {
      let found: Results;

      before(async function () {
        if (backend === 'tensorflow-gpu') needNvidia(this, await nvidiaGpus());
        if (backend === 'cuda') need(this, standInAbsent());
        // The stand-in for NVIDIA's driver is what cuda finds first.
        const answer = await computeOn(
          backend,
          backend === 'cuda' ? { HANDGRAD_CUDA_LIBS: await standInFolder() } : {},
        );
        if ('refused' in answer) return need(this, answer.refused);
        found = answer.results;
      });

      for (const name of Object.keys(OPERATIONS) as OperationName[]) {
        it(`in ${name}, within 1e-4 of the largest number`, () => {
          expect(found[name].shape).to.deep.equal(expected[name].shape);
          const a = numbers(found[name]);
          const b = numbers(expected[name]);
          expect(a.length).to.equal(b.length).and.to.be.above(0);
          const scale = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
          const error = a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
          expect(scale).to.be.above(0);
          expect(error / scale).to.be.below(1e-4);
        });
      }
    });
  }
});

async function computeOn(
  backend: BackendName,
  env: Record<string, string> = {},
): Promise<{ results: Results } | { refused: string }> {
  const code = `
    require('./src/backends').selectBackend('${backend}', { allowSoftware: true })
      .then(() => require('./spec/backends/operations').computeAll())
      .then((results) => console.log(JSON.stringify({ results })))
      .catch((error) => {
        if (error.kind !== 'backend') throw error;
        console.log(JSON.stringify({ refused: error.message }));
      });`;
  const { stdout, stderr } = await runInChild(code, env);
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as { results: Results } | { refused: string };
}

function numbers({ numbers: encoded }: { numbers: string }): Float32Array {
  const bytes = Buffer.from(encoded, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
