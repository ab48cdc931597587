import { expect } from 'chai';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { openClassifier } from '../../src/inference/classifier';
import { type ClassificationEvaluation, evaluateModel } from '../../src/inference/evaluateModel';
import { exportModel } from '../../src/inference/exportModel';
import { predict, ranked } from '../../src/inference/predict';
import { writeReport } from '../../src/reports/writeReport';
import { openModel } from '../../src/runs/modelConfig';
import { startRun } from '../../src/runs/run';
import { writePoints } from '../cli/points';
import { fill, temporaryFolder, tinyContents } from '../data/tinyDataset';
import { failure } from '../failure';

describe('using a trained network', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const path = (...names: string[]) => join(folder(), ...names);
  const options = { env: {} };
  const cpu = { backend: 'cpu' } as const;
  const end = async (dataset: string, dir: string) => {
    const run = await startRun(
      { dataset, hidden: [6], batchSize: 20, epochs: 2, tensorboard: false, ...cpu },
      { dir, ...options },
    );
    let last;
    for await (const event of run.train()) last = event;
    return last as { testLoss: number; testAccuracy: number };
  };
  const classified = async (...args: Parameters<typeof evaluateModel>) =>
    (await evaluateModel(...args)) as ClassificationEvaluation;
  const images = () => fill(path('images'), tinyContents());

  it('evaluates a run folder, a file and an opened model to the figures of the run', async () => {
    writePoints(path('points.csv'));
    const { testLoss, testAccuracy } = await end(path('points.csv'), path('run'));
    for (const model of [path('run'), path('run', 'model.safetensors'), await openModel(path('run'))]) {
      const found = await classified(model, cpu, options);
      expect(found).to.deep.include({ dataset: 'points', backend: 'cpu', samples: 30, accuracy: testAccuracy });
      expect(found.loss).to.be.closeTo(testLoss, 1e-6);
      expect(found.confusion.flat().reduce((sum, count) => sum + count)).to.equal(30);
      expect(found.perClass.map(({ name }) => name)).to.have.length(3);
    }
    expect(await failure('model', () => evaluateModel(path('nothing'), cpu, options))).to.match(
      /There is no run folder/,
    );
    expect(await failure('model', () => evaluateModel(path('run'), { ...cpu, dataset: images() }, options))).to.match(
      /was trained on a table, and .+ is not one; name a table/,
    );
  });

  it('applies a threshold to two classes, and refuses it for three', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 2 ? 'yes' : 'no'},${i % 2 ? 1 : -1},${i / 60}`);
    writeFileSync(path('two.csv'), `answer,x,y\n${rows.join('\n')}\n`);
    await end(path('two.csv'), path('run'));
    const at = (threshold: number) => classified(path('run'), cpu, { ...options, threshold });
    const recalls = async (threshold: number) => (await at(threshold)).perClass.map(({ recall }) => recall);
    expect(await recalls(0)).to.deep.equal([0, 1]);
    expect(await recalls(1)).to.deep.equal([1, 0]);
    const found = await classified(path('run'), cpu, options);
    expect(found.bestThresholds!.f1.value).to.be.at.least(found.perClass[1]!.f1);
    const best = found.bestThresholds!.balancedAccuracy;
    expect((await at(best.threshold)).balancedAccuracy).to.be.closeTo(best.value, 1e-12);
    const classes = async (threshold: number) =>
      (await predict(path('run'), { rows: [[1, 0]] }, cpu, { ...options, threshold })).predictions[0]!.top[0]!.name;
    expect([await classes(0), await classes(1)]).to.deep.equal(['yes', 'no']);
    expect(await failure('usage', () => at(2))).to.equal('`threshold` must be a number from 0 to 1, not 2.');
    expect(() => ranked([0.2, 0.3, 0.5], undefined, 3, 0.5)).to.throw('is for two classes, and the model has 3');
  });

  it('evaluates and reports a network that predicts numbers', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => {
      const size = (i * 37) % 200;
      return `${size},${['north', 'south'][i % 2]},${(i * 7919) % 100},${3 * size + (i % 2 ? 40 : 0)}.5`;
    });
    writeFileSync(path('prices.csv'), `size,side,noise,price\n${rows.join('\n')}\n`);
    const task = { task: 'regression', labelColumn: 'price' } as const;
    const settings = { ...task, hidden: [], lr: 0.1, batchSize: 20, epochs: 12, tensorboard: false, ...cpu } as const;
    const run = await startRun({ ...settings, dataset: path('prices.csv') }, { dir: path('run'), ...options });
    for await (const event of run.train()) void event;
    const found = await evaluateModel(path('run'), cpu, options);
    if ('accuracy' in found) throw new Error('numbers have no accuracy');
    expect(found).to.include({ dataset: 'prices', samples: 40 });
    expect(found.r2).to.be.above(0.95);
    expect(found.rmse).to.be.within(0, 20);
    expect(found.perOutput).to.have.length(1);
    expect(await failure('usage', () => evaluateModel(path('run'), cpu, { ...options, threshold: 0.5 }))).to.equal(
      '`threshold` is for two classes, and the model predicts numbers; leave it out.',
    );
    const png = path('pictures');
    const page = readFileSync(await writeReport(path('run'), cpu, { ...options, png }), 'utf8');
    expect(page)
      .to.match(/<dt>R²<\/dt>\s*<dd>0\.9\d+<\/dd>/)
      .and.match(/Dashed: the best test RMSE/)
      .and.not.match(/<dt>Best/);
    expect(page).to.contain('Predicted − true price').and.contain('True price');
    const order = [...page.matchAll(/<th scope="row">\s*(size|side|noise)\s*<\/th>/g)].map(([, name]) => name);
    expect(order).to.deep.equal(['size', 'side', 'noise']);
    expect(page).to.match(/<td class="">\s*(north|south)\s*<\/td>/);
    expect(page)
      .to.match(/<dt>Data<\/dt>\s*<dd>prices\.csv<\/dd>/)
      .and.not.to.contain(path('prices.csv'));
    expect(readdirSync(png)).to.include.members(['predicted.png', 'residuals.png', 'rmse.png']);
  });

  it('predicts rows, test samples and image files alike', async () => {
    await end(images(), path('run'));
    const { predictions, dataset, backend } = await predict(path('run'), { index: [3, 0] }, cpu, options);
    expect([dataset, backend]).to.deep.equal(['images', 'cpu']);
    expect(predictions.map(({ index }) => index)).to.deep.equal([3, 0]);
    const classifier = await openClassifier(path('run'), cpu, options);
    const [sample] = await classifier.samples([3]);
    const pixels = sample!.pixels!;
    const [row] = await classifier.rows([pixels]);
    expect(row).to.deep.equal(sample!.probabilities);
    expect(row!.reduce((sum, p) => sum + p)).to.be.closeTo(1, 1e-6);
    mkdirSync(path('files'));
    const raw = { raw: { width: 4, height: 5, channels: 1 } } as const;
    await sharp(Buffer.from(pixels), raw).toColourspace('b-w').png().toFile(path('files', 'three.png'));
    writeFileSync(path('files', 'text.png'), 'no image');
    const asked = ['three.png', 'text.png'].map((name) => path('files', name));
    const seen = [];
    for await (const one of classifier.images(asked, 'no')) seen.push(one);
    expect(seen[0]).to.deep.include({ file: asked[0], probabilities: row });
    expect(seen[1]).to.have.property('error').with.property('kind', 'data');
    classifier.close();
    const files = await predict(path('run'), { images: asked, invert: 'no' }, cpu, { ...options, top: 1 });
    expect(files.predictions[0]!.top).to.deep.equal(ranked(row!, classifier.classNames, 1));
    expect(predictions[0]!.top[0]).to.deep.equal(files.predictions[0]!.top[0]);
    expect(files.predictions[1]).to.deep.include({ file: asked[1], top: [] });
  });

  it('refuses inputs that the network does not take, naming the argument', async () => {
    writePoints(path('points.csv'));
    await end(path('points.csv'), path('run'));
    const asked = (inputs: Parameters<typeof predict>[1], more: object = {}) =>
      failure('usage', () => predict(path('run'), inputs, cpu, { ...options, ...more }));
    expect(await asked({ rows: [[1]] })).to.match(/Row 0 must have 2 cells, one for each input .* it has 1\./);
    expect(await asked({ rows: [[1, Infinity]] })).to.match(/Row 0 has Infinity in "y"/);
    expect(await asked({ index: [30] })).to.equal('`index` must be a whole number from 0 to 29, not 30.');
    expect(await asked({ images: ['x.png'] })).to.match(
      /was trained on a table, not on images; give it `table` or `rows`\.$/,
    );
    expect(await asked({ index: [0] }, { top: 4 })).to.equal('`top` must be a whole number from 1 to 3, not 4.');
    expect(await asked({} as never)).to.match(/nothing to predict/);
  });

  it('exports to a file or a folder, and overwrites nothing unasked', async () => {
    writePoints(path('points.csv'));
    await end(path('points.csv'), path('run'));
    const written = await exportModel(path('run'), { format: 'onnx' });
    expect(written.leavesOut).to.equal(undefined);
    expect(written).to.deep.include({ path: path('run', 'model.onnx'), files: [path('run', 'model.onnx')] });
    expect(await failure('usage', () => exportModel(path('run'), { format: 'onnx' }))).to.match(/already exists/);
    await exportModel(path('run'), { format: 'onnx', force: true });
    const { leavesOut } = await exportModel(path('run'), { format: 'layers', out: path('tf') });
    expect(leavesOut).to.match(
      /network without the preprocessing of the table: it takes 2 inputs \("x", "y"\), preprocessed as/,
    );
    const torch = await exportModel(path('run'), { format: 'safetensors', layout: 'torch' });
    expect(torch.leavesOut).to.match(/^PyTorch reads the network without/);
    expect((await exportModel(path('run'), { format: 'safetensors' })).leavesOut).to.equal(undefined);
    expect(readdirSync(path('tf')).sort()).to.deep.equal(['model.json', 'weights.bin']);
    expect(await failure('usage', () => exportModel(path('run'), { format: 'onx' as never }))).to.equal(
      'Unknown `format` "onx"; did you mean onnx?',
    );
    const { files } = await exportModel(path('run'), { format: 'web' });
    expect(files).to.include.members([path('run', 'web', 'index.html'), path('run', 'web', 'table.js')]);
  });

  it('writes the report of a run and of several, and refuses a folder that is none', async () => {
    writePoints(path('points.csv'));
    for (const run of ['a', 'b']) await end(path('points.csv'), path(run));
    expect(await writeReport(path('a'), cpu, options)).to.equal(path('a', 'report.html'));
    expect(readFileSync(path('a', 'report.html'), 'utf8')).to.contain('Confusion matrix');
    const out = path('both.html');
    expect(await writeReport([path('a'), path('b')], {}, { ...options, out })).to.equal(out);
    expect(readFileSync(out, 'utf8')).to.contain('2 runs');
    expect(await failure('model', () => writeReport(folder(), {}, options))).to.match(
      /neither a run nor a sweep folder/,
    );
    expect(await failure('usage', () => writeReport([], {}, options))).to.match(/needs a folder/);
  });
});
