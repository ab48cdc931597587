import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as api from '../../src';
import { ARGUMENT_KINDS } from '../../src/arguments/argumentKinds';
import { HandgradError } from '../../src/errors';
import { type ArgumentKinds, guarded } from '../../src/arguments/guarded';
import { linear } from '../../src/nn/linear';
import { useBackend } from '../backend';
import { failure } from '../failure';

/** The functions of the API. */
type Functions = {
  [Name in keyof typeof api as (typeof api)[Name] extends (...args: never[]) => unknown ? Name : never]: ArgumentKinds;
};
// A new function without an entry does not compile.
ARGUMENT_KINDS satisfies Functions;

type Call = (...args: unknown[]) => unknown;

const functions = Object.entries(api).filter(
  (entry): entry is [string, Call] => typeof entry[1] === 'function' && entry[1] !== api.HandgradError,
);

/** Nothing, and what is seldom right. */
const WRONG: readonly (readonly unknown[])[] = [[], [undefined], [null], [7], ['x'], [{}], [[]]];
const NOTHING = [[], [undefined], [{}], [[]]];

/** What a function takes, and would do, with all its defaults: on the disk, on the net, or for minutes. */
const LEGITIMATE: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  startRun: NOTHING,
  planRun: NOTHING,
  estimateRun: NOTHING,
  findLearningRate: NOTHING,
  describeDataset: NOTHING,
  checkGradients: NOTHING,
  serveRuns: NOTHING,
  setupNative: WRONG,
  removeTensorflow: WRONG,
  loadDataFashionMnist: [[7]],
};

describe('the arguments of the library', () => {
  useBackend('cpu');
  const home = process.cwd();
  let folder: string;
  before(() => process.chdir((folder = mkdtempSync(join(tmpdir(), 'handgrad-guarded-')))));
  // What the calls that are right return is disposed of at the end.
  before(() => tf.engine().startScope());
  after(() => {
    tf.engine().endScope();
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  for (const [name, call] of functions) {
    it(`${name} refuses wrong ones in a sentence that names them`, async () => {
      expect(ARGUMENT_KINDS, 'src/arguments/argumentKinds.ts has an entry for each function').to.have.property(name);
      const kinds = Object.keys(ARGUMENT_KINDS[name as keyof typeof ARGUMENT_KINDS]);
      expect(kinds.length, 'and in it one for each argument').to.be.at.least(call.length);
      const takes = (LEGITIMATE[name] ?? []).map((args) => JSON.stringify(args));
      for (const args of WRONG.filter((args) => !takes.includes(JSON.stringify(args)))) {
        try {
          const given: unknown = await call(...args);
          const isGenerator = typeof given === 'object' && given !== null && Symbol.asyncIterator in given;
          if (isGenerator) await (given as AsyncGenerator).next();
        } catch (error) {
          expect(error, `${name}(${JSON.stringify(args)}): ${String(error)}`).to.be.instanceOf(HandgradError);
          // The mistakes in a sweep file are a list.
          expect((error as Error).message).to.match(/^\S.*[.?]$/s);
        }
      }
    });
  }

  it('are named with the function and the place within them', async () => {
    const X = tf.zeros<tf.Rank.R2>([2, 3]);
    const b = tf.zeros<tf.Rank.R1>([4]);
    const call = (name: keyof typeof api, ...args: unknown[]) => failure('usage', () => (api[name] as Call)(...args));
    expect(await call('linear', X, X)).to.equal('`b` of `linear` must be a tensor of rank 1, not undefined.');
    expect(await call('linear', X, b, b)).to.equal(
      '`W` of `linear` must be a tensor of rank 2, not a tensor of shape [4].',
    );
    expect(await call('mlp', X, { layers: [{ W: X, b }, { W: 'x' }], activation: 'relu' })).to.equal(
      '`network.layers[1].W` of `mlp` must be a tensor of rank 2, not "x".',
    );
    expect(await call('predict', 'm', { index: [0, -1] })).to.match(
      /^`inputs\.index\[1\]` of `predict` must be a whole number from 0 to \d+, not -1\.$/,
    );
    expect(await call('predict', 'm', { images: 'shoe.png' })).to.equal(
      '`inputs.images` of `predict` must be a list of paths or bytes, not "shoe.png".',
    );
    expect(await call('chain', 0.1, { update: () => {} }, 3)).to.match(
      /^`links` of `chain` must be a link, .*, not 3\.$/,
    );
    expect(await call('openModel', 'm', null)).to.equal('`options` of `openModel` must be an object, not null.');
  });

  it('fail a promise where the function gives one, and change nothing else', async () => {
    let failed: unknown;
    await api.openModel(undefined as never).catch((error: unknown) => (failed = error));
    expect(failed).to.be.instanceOf(HandgradError);
    const [X, W, b] = [tf.ones<tf.Rank.R2>([2, 3]), tf.ones<tf.Rank.R2>([3, 4]), tf.ones<tf.Rank.R1>([4])];
    expect(api.linear(X, W, b).arraySync()).to.deep.equal(linear(X, W, b).arraySync());
    expect([api.linear.name, api.linear.length]).to.deep.equal(['linear', 3]);
    const plain = { f: () => 1, value: [2] };
    const found = guarded(plain, {});
    expect(found).to.deep.equal(plain);
    expect(found.f).to.equal(plain.f);
  });
});
