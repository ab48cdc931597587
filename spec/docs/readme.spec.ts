import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import * as handgrad from '../../src';
import { type Layer, listGradients, lossAndGradients, oneHot, plainSteps } from '../../src';
import { onEachBackend } from '../backend';
import { writePoints } from '../cli/points';
import { randomNetwork } from '../nn/randomNetwork';

const root = path.join(__dirname, '../..');
const read = (page: string) => fs.readFileSync(path.join(root, page), 'utf8');
const codeIn = (text: string) => [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);

const [nineLines, librarySnippet] = codeIn(read('README.md')) as [string, string];

/** Runs TypeScript as the body of an asynchronous function. */
async function execute(code: string, values: Record<string, unknown>): Promise<unknown> {
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS };
  const { outputText } = ts.transpileModule(`export async function body() {\n${code}\n}`, { compilerOptions: options });
  const module = { exports: {} as { body?: () => Promise<unknown> } };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const load = new Function('exports', ...Object.keys(values), outputText);
  Reflect.apply(load, undefined, [module.exports, ...Object.values(values)]);
  return module.exports.body!();
}

describe('README.md', () => {
  onEachBackend(() => {
    it('its nine lines give the loss and the gradients of the library', async () => {
      expect(nineLines.trim().split('\n')).to.have.length(9);
      const X = tf.randomNormal<tf.Rank.R2>([5, 3]);
      const T = oneHot(tf.tensor1d([0, 3, 1, 2, 3], 'int32'), 4);
      const network = randomNetwork([3, 6, 4], 20);
      const [{ W: W1, b: b1 }, { W: W2, b: b2 }] = network.layers as [Layer, Layer];
      const values = { ...handgrad, X, T, W1, b1, W2, b2 };
      const found = (await execute(`${nineLines}\nreturn [loss, dW1, db1, dW2, db2];`, values)) as tf.Tensor[];
      const { loss, grads } = lossAndGradients(X, T, plainSteps(network));
      const expected = [loss, ...listGradients(grads)];
      found.forEach((tensor, i) => expect(tensor.arraySync()).to.deep.equal(expected[i]!.arraySync()));
    });
  });

  it('its nine lines are those of docs/mathematics.md', () => {
    expect(codeIn(read('docs/mathematics.md'))).to.deep.equal([nineLines]);
  });

  describe('its library snippet', () => {
    const before = { cwd: process.cwd(), backend: process.env['HANDGRAD_BACKEND'] };
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'handgrad-readme-'));
    after(() => {
      process.chdir(before.cwd);
      if (before.backend === undefined) delete process.env['HANDGRAD_BACKEND'];
      else process.env['HANDGRAD_BACKEND'] = before.backend;
      fs.rmSync(folder, { recursive: true });
    });

    it('trains, resumes and prints what it says', async () => {
      process.chdir(folder);
      process.env['HANDGRAD_BACKEND'] = 'cpu';
      writePoints('iris.csv');
      const said: unknown[][] = [];
      const console = { log: (...words: unknown[]) => said.push(words) };
      const imported = /^import (\{.*\}) from 'handgrad';$/m;
      expect(librarySnippet).to.match(imported);
      await execute(librarySnippet.replace(imported, 'const $1 = handgrad;'), { handgrad, console });
      const [[accuracy], [classes]] = said.slice(20) as [[number], [string[]]];
      expect(said.slice(0, 20).map(([epoch]) => epoch)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i + 1));
      expect(accuracy).to.be.within(0, 1);
      expect(classes).to.have.length(3);
      for (const name of classes) expect(['ant', 'bee', 'cat']).to.include(name);
      const [run] = fs.readdirSync('runs');
      expect((await handgrad.readRun(path.join('runs', run!))).epochs).to.have.length(40);
    });
  });
});
