import { expect } from 'chai';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HandgradError } from '../../src/errors';
import { encodeModel, loadModel, saveModel, type Model } from '../../src/model/modelFile';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '../../src/model/safetensors';

const FIXTURES = join(__dirname, 'fixtures');

/** What fixtures/make_reference.py fills tensors with. */
const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i / 8 - 1);

const MODEL: Model = {
  parameters: [
    { name: 'W1', shape: [3, 4], data: ramp(12) },
    { name: 'b1', shape: [4], data: ramp(4) },
    { name: 'W2', shape: [4, 2], data: ramp(8) },
    { name: 'b2', shape: [2], data: ramp(2) },
  ],
  config: { dataset: 'fashion-mnist', lr: 0.1, hidden: [4], classNames: ['Hemd', 'Stiefel „x“'] },
};

describe('a model file', () => {
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'handgrad-'));
    path = join(folder, 'model.safetensors');
  });
  after(() => rm(folder, { recursive: true }));

  const failure = async (): Promise<string> => {
    const error = await loadModel(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).kind).to.equal('model');
    return (error as HandgradError).message;
  };

  it('is loaded as it was saved, bit for bit', async () => {
    const odd = Float32Array.of(3.4e38, -1, -0, 1e-45);
    const parameters = MODEL.parameters.with(1, { name: 'b1', shape: [4], data: odd });
    await saveModel(path, { ...MODEL, parameters });
    const loaded = await loadModel(path);
    expect(loaded).to.deep.equal({ ...MODEL, parameters });
    expect(new Uint8Array(loaded.parameters[1]!.data.buffer)).to.deep.equal(new Uint8Array(odd.buffer));
  });

  it('F94 is refused when a weight is non-finite, with its tensor and place', async () => {
    for (const [bad, at] of [
      [NaN, 0],
      [Infinity, 2],
      [-Infinity, 3],
    ] as const) {
      const data = new Float32Array(4).fill(1).with(at, bad);
      await saveModel(path, { ...MODEL, parameters: MODEL.parameters.with(1, { name: 'b1', shape: [4], data }) });
      expect(await failure()).to.contain(`holds a non-finite value in tensor "b1" (${bad} at ${at}); `);
    }
  });

  it('holds float32 tensors in order, the config as a JSON string and the format version', () => {
    const { tensors, metadata } = decodeSafetensors(encodeModel(MODEL));
    expect([...tensors.values()].map(({ name, dtype, shape }) => [name, dtype, ...shape])).to.deep.equal([
      ['W1', 'F32', 3, 4],
      ['b1', 'F32', 4],
      ['W2', 'F32', 4, 2],
      ['b2', 'F32', 2],
    ]);
    expect({ ...metadata }).to.deep.equal({ handgrad_format: '1', config: JSON.stringify(MODEL.config) });
  });

  it('is saved in the same bytes every time', async () => {
    await saveModel(path, MODEL);
    expect(new Uint8Array(await readFile(path))).to.deep.equal(encodeModel(structuredClone(MODEL)));
  });

  it('F74 may come from PyTorch: other order, no metadata', async () => {
    const { parameters, config } = await loadModel(join(FIXTURES, 'network.safetensors'));
    expect(parameters).to.deep.equal(MODEL.parameters);
    expect(config).to.equal(undefined);
  });

  it('F73 a network with the weights of torch.nn.Linear is refused as transposed', async () => {
    await copyFile(join(FIXTURES, 'transposed.safetensors'), path);
    expect(await failure()).to.match(/expected W1 of shape \[…, 4\] .* found \[4, 3\]; it looks transposed/);
  });

  const tensors = MODEL.parameters.map((parameter): NamedTensor => ({ ...parameter, dtype: 'F32' }));

  it('in another type is refused with the tensor and the remedy', async () => {
    const doubles = tensors.with(2, { name: 'W2', dtype: 'F64', shape: [4, 2], data: new Float64Array(8) });
    await writeFile(path, encodeSafetensors(doubles, {}));
    expect(await failure()).to.equal(`${path} holds tensor "W2" in F64; save it in float32 (F32) instead.`);
  });

  it('of another format version is refused', async () => {
    await writeFile(path, encodeSafetensors(tensors, { handgrad_format: '2', config: '{}' }));
    expect(await failure()).to.match(
      /is in model format "2" and this handgrad reads format 1; use a newer handgrad\.$/,
    );
  });

  it('whose config is not JSON is refused', async () => {
    await writeFile(path, encodeSafetensors(tensors, { handgrad_format: '1', config: '{' }));
    expect(await failure()).to.match(/holds a config that is not JSON/);
  });

  it("of another program keeps that program's config to itself", async () => {
    await writeFile(path, encodeSafetensors(tensors, { config: '{"lr":3}', format: 'pt' }));
    expect((await loadModel(path)).config).to.equal(undefined);
  });

  it('F05 cut anywhere is refused, and never half loaded', async () => {
    const bytes = encodeModel(MODEL);
    for (let length = 0; length < bytes.length; length += 7) {
      await writeFile(path, bytes.subarray(0, length));
      expect(await failure()).to.match(/is not a valid safetensors file/);
    }
  });

  it('is not written from parameters that are no network', async () => {
    const error = await saveModel(path, { ...MODEL, parameters: MODEL.parameters.slice(1) }).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(HandgradError);
    expect((error as HandgradError).message).to.match(/the model to be saved does not hold this network: .*W1 missing/);
  });
});
