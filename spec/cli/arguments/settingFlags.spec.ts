import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_KEYS, DEFAULTS } from '../../../src/runs/config';
import { flagName, withFlags } from '../../../cli/arguments/flagNames';
import { readSettings, settingOptions } from '../../../cli/arguments/settingFlags';
import { failure } from '../../failure';

/** As train reads them. */
const resolve = ({ config, ...args }: Record<string, unknown>, env = {}) =>
  readSettings(CONFIG_KEYS, args, [config ?? []].flat() as string[], env);

describe('readSettings', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'handgrad-options-'))));
  after(() => rmSync(folder, { recursive: true }));

  const file = (text: string) => {
    const path = join(folder, 'config.yaml');
    writeFileSync(path, text);
    return path;
  };
  const usage = async (args: Record<string, unknown>, env = {}) =>
    withFlags(await failure('usage', () => resolve(args, env)), CONFIG_KEYS);

  it('gives the hyperparameters of the post when nothing is asked for', async () => {
    const { config, given } = await resolve({}, {});
    expect(config).to.include({ dataset: 'fashion-mnist', activation: 'relu', init: 'normal', optimizer: 'sgd' });
    expect(config).to.include({ epochs: 10, batchSize: 256, lr: 0.1, seed: 0, valFraction: 0, shuffle: true });
    expect(config.hidden).to.deep.equal([256]);
    expect(config).to.deep.equal(DEFAULTS);
    expect(given.size).to.equal(0);
  });

  it('lets flags win over the file, the file over the environment, and that over the defaults', async () => {
    const env = { HANDGRAD_BACKEND: 'cpu', HANDGRAD_DATA_DIR: '/data' };
    expect((await resolve({}, env)).config).to.include({ backend: 'cpu', dataDir: '/data', lr: 0.1 });
    const config = file('backend: tensorflow\nlr: 0.5\nhidden: [64, 32]\n');
    const fromFile = await resolve({ config }, env);
    expect(fromFile.config).to.deep.include({ backend: 'tensorflow', dataDir: '/data', lr: 0.5, hidden: [64, 32] });
    const fromFlags = await resolve({ config, backend: 'wasm', hidden: '8' }, env);
    expect(fromFlags.config).to.deep.include({ backend: 'wasm', lr: 0.5, hidden: [8] });
    expect([...fromFlags.given].sort()).to.deep.equal(['backend', 'hidden', 'lr']);
  });

  it('lets later files win over earlier ones, and names the file of each value', async () => {
    const [first, second] = ['first.yaml', 'second.json'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(first, 'lr: 0.5\nepochs: 3\nbatch-size: 8\n');
    writeFileSync(second, '{"learning_rate": 0.2, "epochs": 4}');
    const { config, origins } = await resolve({ config: [first, second], epochs: '5' });
    expect(config).to.include({ lr: 0.2, epochs: 5, batchSize: 8 });
    expect(Object.fromEntries(origins)).to.deep.equal({
      ...{ lr: { file: second }, epochs: 'options', batchSize: { file: first } },
    });
    expect((await resolve({ config: [second, first] })).config).to.include({ lr: 0.5, epochs: 3 });
  });

  it('takes an empty variable for one that is not set', async () => {
    expect((await resolve({}, { HANDGRAD_BACKEND: '' })).config.backend).to.equal('auto');
    expect(await usage({}, { HANDGRAD_BACKEND: 'gpu' })).to.match(/^HANDGRAD_BACKEND must be one of auto, .+"gpu"/);
  });

  it('reads a setting under the name that it had before, as a flag and in a file', async () => {
    for (const args of [{ normalise: true }, { config: file('normalise: true\n') }]) {
      const { config, given } = await resolve(args, {});
      expect(config.normalize).to.equal(true);
      expect(config).to.not.have.property('normalise');
      expect([...given]).to.deep.equal(['normalize']);
    }
    expect(settingOptions(['normalize'])).to.have.nested.property('normalise.hidden', true);
    expect(settingOptions(['lr'])).to.have.all.keys('lr');
  });

  it('reads what --hidden lists, and none from ""', async () => {
    const hidden = async (text: string) => (await resolve({ hidden: text }, {})).config.hidden;
    expect(await hidden('')).to.deep.equal([]);
    expect(await hidden('512, 256')).to.deep.equal([512, 256]);
  });

  const bad: Record<string, readonly string[]> = {
    epochs: ['0', '-1', '1.5', 'NaN', 'Infinity', '', ' ', '1e999', '1e7', 'ten', '0x10'],
    'batch-size': ['0', '-256', '2.5', '', '1e999'],
    lr: ['0', '-0.1', 'NaN', 'Infinity', '1e999', '1e13', '', 'fast', '0.1.2'],
    seed: ['-1', '4294967296', '0.5', 'x'],
    hidden: ['0', '-3', '2.5', '12,', 'a,b', '65537', Array.from({ length: 65 }, () => 1).join()],
    'val-fraction': ['1', '-0.1', 'half', 'NaN'],
    'test-fraction': ['0', '1', 'NaN'],
    limit: ['0', '-5', '1e10'],
    'expect-accuracy': ['-0.1', '1.1', '75%'],
    activation: ['rellu', '', 'constructor', '__proto__'],
    optimizer: ['SGD', 'toString'],
    backend: ['gpu', 'AUTO'],
    dataset: ['', 'a\0b'],
    dropout: ['1', '-0.1', 'NaN', 'half'],
    'input-dropout': ['1', '-1', ''],
    'label-smoothing': ['1', '-0.1', 'x'],
    mixup: ['-0.2', '0.001', '5', 'NaN', 'yes'],
    augment: ['shfit', 'shift,shift', 'shift,', 'constructor'],
    'shift-pixels': ['0', '1.5', '65', 'x'],
    'cutout-pixels': ['0', '-8', '1e9'],
    momentum: ['1', '-0.9', '1.1'],
    beta1: ['1', '-1'],
    beta2: ['1', 'NaN'],
    epsilon: ['0', '-1e-8', '2'],
    'weight-decay': ['-0.01', '1.5', 'NaN', '1e999'],
    schedule: ['cosinus', 'one_cycle', ''],
    warmup: ['-1', 'NaN', '1e7'],
    'lr-decay': ['0', '1.5', '-1'],
    'lr-decay-every': ['0', '-1'],
    'clip-norm': ['0', '-1', 'NaN'],
    ema: ['1', '-0.1', '1.5'],
    patience: ['0', '-1', '2.5'],
  };
  for (const [flag, values] of Object.entries(bad)) {
    it(`F41 --${flag} that is none: one sentence with the flag, what it takes and what was given`, async () => {
      for (const value of values) {
        const message = await usage({ [flag]: value });
        expect(message).to.match(new RegExp(`^--${flag} must be .+, not .+\\.$`));
        expect(message.split('\n')).to.have.length(1);
      }
    });
  }

  it('F40 refuses an unknown key of a file with the nearest name', async () => {
    expect(await usage({ config: file('epcohs: 3\n') })).to.match(/"epcohs" .+ did you mean epochs\?$/);
  });

  it('F42 refuses keys of Object.prototype, and changes no prototype', async () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'prototype']) {
      expect(await usage({ config: file(`${key}:\n  polluted: true\n`) })).to.contain(`"${key}"`);
    }
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('names the file and the key of a bad value, and shows no list at length', async () => {
    const config = file('hidden: [[1, 2], [3]]\n');
    expect(await usage({ config })).to.equal(`hidden in ${config} must be a whole number from 1 to 65536, not a list.`);
    expect(await usage({ config: file('lr: "0.1"\n') })).to.match(/^lr in .+ must be a number .+, not "0\.1"\.$/);
  });
});

describe('settingOptions', () => {
  it('has a flag with a description for every setting', () => {
    const options = settingOptions(CONFIG_KEYS);
    for (const key of CONFIG_KEYS) {
      const flags = [flagName(key), `no-${flagName(key)}`].filter((flag) => options[flag]?.hidden !== true);
      expect(
        flags.filter((flag) => Object.hasOwn(options, flag)),
        key,
      ).to.have.length(1);
    }
    for (const { describe } of Object.values(options)) expect(describe).to.match(/\S{2}/).and.not.contain('`');
    expect(flagName('batchSize')).to.equal('batch-size');
  });

  it('shows the default that the schema has', () => {
    const options = settingOptions(['hidden', 'lr', 'limit']);
    expect(options['hidden']).to.include({ defaultDescription: '256; tables: 128' });
    expect(options['lr']!.defaultDescription).to.match(/^sgd 0\.1, momentum 0\.01, .*adamw 0\.001; tables: 0\.01$/);
    expect(options['limit']).not.to.have.property('defaultDescription');
    const ofModel = settingOptions(['dataset', 'seed', 'backend'], true);
    expect(['dataset', 'seed', 'backend'].map((flag) => ofModel[flag]!.defaultDescription)).to.deep.equal([
      ...['that of the model', 'that of the model', 'auto'],
    ]);
  });
});
