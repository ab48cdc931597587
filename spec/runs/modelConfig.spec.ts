import { expect } from 'chai';
import { join } from 'node:path';
import { saveModel } from '../../src/model/modelFile';
import { encodeSafetensors } from '../../src/model/safetensors';
import { mkdirSync, writeFileSync } from 'node:fs';
import { lockFolder } from '../../src/files/lock';
import { openModel } from '../../src/runs/modelConfig';
import { epochRow, writeRun } from '../collection/folders';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';

describe('openModel', () => {
  const folder = temporaryFolder();
  const path = () => join(folder(), 'model.safetensors');
  const tensor = (name: string, ...shape: number[]) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  const parameters = [tensor('W1', 6, 2), tensor('b1', 2)];
  const facts = { datasetName: 'tiny', datasetDigest: '', classNames: ['ant', 'bee'], imageShape: [2, 3], scale: 1 };

  it('accepts facts that fit the tensors', async () => {
    await saveModel(path(), { parameters, config: facts });
    expect((await openModel(path())).config).to.deep.include({ classNames: ['ant', 'bee'], imageShape: [2, 3] });
  });

  it('F95 refuses facts that do not fit the tensors', async () => {
    for (const [wrong, said] of [
      [{ imageShape: [53_000, 53_000] }, 'imageShape is 53000 x 53000, but the network has 6 inputs'],
      [{ imageShape: [2, 2] }, 'imageShape is 2 x 2, but the network has 6 inputs'],
      [{ classNames: ['ant'] }, 'classNames has 1 names, but the network has 2 outputs'],
      [{ classNames: ['ant', 'ant'] }, 'classNames has "ant" twice'],
      [{ classNames: ['ant', 'bee', 'cat'] }, 'classNames has 3 names, but the network has 2 outputs'],
    ] as const) {
      await saveModel(path(), { parameters, config: { ...facts, ...wrong } });
      expect(await failure('model', () => openModel(path()))).to.contain(`contains an invalid config (${said}); `);
    }
  });

  it('F95 refuses two tensors for one parameter', async () => {
    const twice = [tensor('weight', 2, 6), tensor('.weight', 2, 6), tensor('bias', 2)];
    writeFileSync(
      path(),
      encodeSafetensors(
        twice.map((one) => ({ ...one, dtype: 'F32' })),
        {},
      ),
    );
    expect(await failure('model', () => openModel(path()))).to.match(
      /holds two tensors for one weight \("weight" and "\.weight"\); save one of them only\.$/,
    );
  });

  it('says of a folder without a model what it is, and how to get one', async () => {
    const why = () => failure('model', () => openModel(folder()));
    expect(await why()).to.match(/ holds no model\.safetensors and is not a run folder; give another one\.$/);
    writeRun(folder(), { epochs: 3 }, [epochRow(1, 0.5), epochRow(2, 0.6)]);
    expect(await why()).to.match(/ has stopped after epoch 2; resume it with "handgrad train --resume .+"\.$/);
    writeRun(folder(), { epochs: 3 }, [{ type: 'diverged', message: 'It diverged.' }]);
    expect(await why()).to.contain('its training diverged');
    writeRun(folder(), { epochs: 3, folds: 2 }, []);
    expect(await why()).to.match(/ is a cross-validation, and none of its folds has finished; resume it with /);
    mkdirSync(join(folder(), 'fold-1'));
    writeFileSync(join(folder(), 'fold-1', 'model.safetensors'), '');
    const fold = join(folder(), 'fold-1');
    expect(await why()).to.contain(` is a cross-validation, whose models are in ${fold}; give one of these.`);
    const lock = await lockFolder(folder());
    expect(await why()).to.contain('is still training');
    await lock.release();
  });
});
