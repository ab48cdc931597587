import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACTIVATIONS, type ActivationName } from '../../../src/nn/activations';
import { encodePng } from '../../../src/pictures/png';
import { saveModel } from '../../../src/model/modelFile';
import { openModel } from '../../../src/runs/modelConfig';
import { browserLacks, openBrowser, type Opened, serve } from '../../browser';
import { session } from '../../cli/session';
import { need } from '../../need';
import { exported, useRealNetwork } from './realNetwork';

const IMAGES = 40;

describe('export --format web', function () {
  this.timeout(120_000);
  const network = useRealNetwork('--activation', 'gelu');
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Opened;
  /** What the page is given: test images as PNG files. */
  const paths: string[] = [];
  before(async function () {
    need(this, browserLacks);
    const { dataset, folder } = network();
    server = await serve({ '': await exported(network(), '--format', 'web') });
    browser = await openBrowser();
    mkdirSync(join(folder, 'images'));
    const [height, width] = dataset.imageShape!;
    for (let i = 0; i < IMAGES; i++) {
      const pixels = dataset.test.features.subarray(i * 784, (i + 1) * 784) as Uint8Array;
      const path = join(folder, 'images', `${i}.png`);
      writeFileSync(path, await encodePng({ width, height, channels: 1, pixels }));
      paths.push(path);
    }
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** The classes that the page lists, best first. */
  const listed = async () => {
    const items = "[...document.querySelectorAll('#classes li')]";
    const script = `${items}.map(({ dataset: { label, probability } }) => [Number(label), Number(probability)])`;
    const pairs = (await browser.page.evaluate(script)) as [number, number][];
    return pairs.map(([label, probability]) => ({ label, probability }));
  };

  /** Gives the page an image as a visitor would; returns the classes it lists, best first. */
  async function classified(path: string): Promise<{ label: number; probability: number }[]> {
    const { page } = browser;
    const name = path.split('/').at(-1)!;
    const input = await page.$('input[type=file]');
    await input!.uploadFile(path);
    await page.waitForFunction(`document.getElementById('hint').textContent.startsWith('${name}:')`);
    return listed();
  }

  for (const backend of ['webgpu', 'webgl', 'wasm']) {
    it(`gives test images the classes and probabilities that predict gives, on ${backend}`, async () => {
      const { page, complaints, requests } = browser;
      complaints.length = requests.length = 0;
      await page.goto(`${server.url}/?backend=${backend}`);
      await page.waitForSelector(`body[data-backend=${backend}]`);
      const { probabilities } = network();
      for (const [i, path] of paths.entries()) {
        const found = await classified(path);
        const ours = probabilities.subarray(10 * i, 10 * i + 10);
        expect(found[0]!.label, path).to.equal(ours.indexOf(Math.max(...ours)));
        for (const { label, probability } of found) expect(probability).to.be.closeTo(ours[label]!, 1e-5);
      }
      expect(complaints).to.deep.equal([]);
      expect(requests.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).to.deep.equal([]);
    });
  }

  it('takes a backend that the browser has by itself, and classifies what is drawn', async () => {
    const { page, complaints } = browser;
    complaints.length = 0;
    await page.goto(server.url);
    await page.waitForSelector('body[data-backend]');
    const box = (await (await page.$('#pad'))!.boundingBox())!;
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.down();
    for (const [x, y] of [
      [240, 40],
      [240, 240],
    ] as const) {
      await page.mouse.move(box.x + x, box.y + y, { steps: 8 });
    }
    await page.mouse.up();
    await page.waitForSelector('#classes li');
    const shares = (await listed()).map(({ probability }) => probability);
    expect(shares).to.have.length(10);
    expect(shares.reduce((sum, share) => sum + share)).to.be.closeTo(1, 1e-4);
    // Chromium says so itself where WebGPU has no adapter, and the page takes the next backend.
    expect(complaints.filter((text) => text !== 'No available adapters.')).to.deep.equal([]);
  });

  for (const activation of Object.keys(ACTIVATIONS) as ActivationName[]) {
    it(`computes ${activation} as it is computed here`, async () => {
      const values = [-30, -3, -1, -0.5, -1e-3, 0, 1e-3, 0.5, 1, 3, 30];
      const input = `tf.tensor2d([${JSON.stringify(values)}])`;
      const script = `ACTIVATIONS['${activation}'](${input}).data().then((Y) => [...Y])`;
      const found = (await browser.page.evaluate(script)) as number[];
      const ours = tf.tidy(() => ACTIVATIONS[activation].forward(tf.tensor2d([values])).dataSync());
      found.forEach((value, i) => expect(value).to.be.closeTo(ours[i]!, 1e-6 * Math.max(1, Math.abs(values[i]!))));
    });
  }

  it('turns a dark object on white to the light object on black that the data set has', async () => {
    const { dataset, folder } = network();
    const [height, width] = dataset.imageShape!;
    const pixels = Uint8Array.from(dataset.test.features.subarray(784, 1568), (value) => 255 - value);
    const path = join(folder, 'images', 'turned.png');
    writeFileSync(path, await encodePng({ width, height, channels: 1, pixels }));
    const [best] = await classified(path);
    expect(best!.probability).to.be.closeTo(Math.max(...network().probabilities.subarray(10, 20)), 1e-5);
    expect(await browser.page.evaluate("document.getElementById('hint').textContent")).to.contain('inverted');
  });

  it('is refused for a network of which the file says neither images nor a table', async () => {
    const model = join(network().folder, 'plain.safetensors');
    const { parameters } = await openModel(network().run);
    await saveModel(model, { parameters, config: undefined });
    const { code, stderr } = await session(['export', model, '--format', 'web']);
    expect(code).to.equal(2);
    expect(stderr).to.contain('networks that take images or the rows of a table');
  });
});
