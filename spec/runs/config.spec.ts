import { expect } from 'chai';
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { faultOf } from '../../src/kinds';
import { assertSettingsApply } from '../../src/runs/assertSettingsApply';
import {
  CONFIG_KEYS,
  type ConfigKey,
  DEFAULTS,
  environmentSettings,
  keyNamed,
  keysAffecting,
  keysLike,
  keysWhere,
  RECORDED_KEYS,
  resolveConfig,
  settings,
} from '../../src/runs/config';
import { RELATED, SYNONYMS } from '../../src/runs/synonyms';
import { failure } from '../failure';

describe('settings', () => {
  for (const key of CONFIG_KEYS) {
    const { kind, help, off, needs, default: standard, formerly = [] } = settings[key];
    it(`${key} has a default of its kind, help, and names that are its own`, () => {
      if (standard !== undefined) expect(faultOf(kind, standard)).to.equal(undefined);
      expect(help).to.match(/^\S.*[^\s.]$/);
      expect(off === undefined).to.equal(standard !== true);
      for (const name of [key, ...formerly]) expect(keyNamed(name)).to.equal(key);
      const named = [...`${help} ${off ?? ''}`.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
      for (const name of [...named, ...(needs ? [needs.setting] : [])]) expect(CONFIG_KEYS).to.include(name);
      const other = needs && settings[needs.setting].kind.names;
      for (const value of needs?.values ?? []) expect(other).to.include(value);
    });
  }

  it('no name of another tool is that of a setting, or of two', () => {
    for (const [key, names] of Object.entries(SYNONYMS)) for (const name of names) expect(keyNamed(name)).to.equal(key);
    for (const [name, keys] of Object.entries(RELATED)) {
      expect(keyNamed(name), name).to.equal(undefined);
      expect(keysLike(name), name).to.deep.equal(keys.split(' '));
      for (const key of keys.split(' ')) expect(CONFIG_KEYS).to.include(key);
    }
  });

  it('those that a resumed run may change change none of its numbers', () => {
    expect(keysWhere(({ resumable }) => resumable === true)).to.deep.equal([
      ...['dataDir', 'source', 'epochs', 'stopAfter', 'checkpointEvery', 'threads', 'allowSoftware', 'onNan'],
      ...['expectAccuracy', 'expectRmse', 'expectMae', 'expectR2', 'name', 'tags', 'note', 'logEvery', 'tensorboard'],
    ]);
  });

  it('model files record all but what is of a machine or of one run', () => {
    expect(CONFIG_KEYS.filter((key) => !RECORDED_KEYS.some((one) => one === key))).to.deep.equal([
      ...['dataDir', 'source', 'imageShape', 'stopAfter', 'checkpointEvery', 'threads', 'allowSoftware', 'onNan'],
      ...['expectAccuracy', 'expectRmse', 'expectMae', 'expectR2', 'name', 'tags', 'note', 'logEvery', 'tensorboard'],
    ]);
  });

  it('comparisons leave out what explains no result', () => {
    expect(keysWhere(({ compared }) => compared === false)).to.deep.equal([
      ...['dataDir', 'source', 'checkpointEvery', 'threads', 'allowSoftware'],
      ...['expectAccuracy', 'expectRmse', 'expectMae', 'expectR2', 'name', 'tags', 'note', 'logEvery', 'tensorboard'],
    ]);
  });

  it('a command finds the settings of what it does', () => {
    expect(keysAffecting('fetching', 'samples')).to.deep.equal([
      ...['dataset', 'dataDir', 'source', 'labelColumn', 'missingLabels', 'transpose', 'testFraction', 'seed'],
    ]);
    expect(keysAffecting('loss')).to.deep.equal(['loss', 'huberDelta', 'classWeights']);
    expect(keysAffecting('backend')).to.deep.equal(['backend', 'threads', 'tf32', 'allowSoftware']);
  });

  it('no other list names them', () => {
    const root = path.join(__dirname, '../..');
    const names = (file: string) => {
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isArrayLiteralExpression(node) && node.elements.length > 1) {
          const texts = node.elements.map((element) => (ts.isStringLiteral(element) ? element.text : ''));
          if (texts.every((text) => CONFIG_KEYS.some((key) => key === text))) found.push(`${file}: ${texts.join()}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(ts.createSourceFile(file, fs.readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest));
      return found;
    };
    const files = ['src', 'cli'].flatMap((folder) =>
      (fs.readdirSync(path.join(root, folder), { recursive: true }) as string[])
        .filter((file) => file.endsWith('.ts'))
        .map((file) => path.join(folder, file)),
    );
    expect(files).to.have.length.above(100);
    expect(files.flatMap(names)).to.deep.equal([]);
    expect(names('spec/runs/config.spec.ts')).not.to.deep.equal([]);
  });
});

describe('resolveConfig', () => {
  const usage = (...layers: Parameters<typeof resolveConfig>[0]) => failure('usage', () => resolveConfig(layers));
  const options = (values: unknown) => ({ values, from: 'options' }) as const;
  const file = (name: string, values: unknown) => ({ values, from: { file: name } }) as const;

  it('takes the last of several sources, and knows where each setting comes from', () => {
    const { config, origins, given } = resolveConfig([
      environmentSettings({ HANDGRAD_BACKEND: 'cpu', HANDGRAD_DATA_DIR: '/data', HOME: '/home' }),
      file('a.yaml', { lr: 0.5, epochs: 3 }),
      file('b.yaml', { lr: 0.25 }),
      options({ epochs: 4, seed: undefined }),
    ]);
    expect(config).to.deep.equal({ ...DEFAULTS, backend: 'cpu', dataDir: '/data', lr: 0.25, epochs: 4 });
    expect(Object.fromEntries(origins)).to.deep.equal({
      ...{ backend: 'environment', dataDir: 'environment', lr: { file: 'b.yaml' }, epochs: 'options' },
    });
    expect([...given]).to.deep.equal(['epochs', 'lr']);
    expect(Object.keys(config)).to.deep.equal(CONFIG_KEYS.filter((key) => key in config));
  });

  it('takes names in any spelling, former ones too, and refuses two of one setting', async () => {
    const spelled = { 'batch-size': 1, batch_norm: true, NORMALISE: true };
    expect(resolveConfig([options(spelled)]).config).to.include({ batchSize: 1, batchNorm: true, normalize: true });
    expect(await usage(file('a.yaml', { batch_size: 1, batchSize: 2 }))).to.equal(
      '"batch_size" and "batchSize" in a.yaml are the same setting; leave one out.',
    );
  });

  it('takes the names of other tools where they mean one thing', async () => {
    const { config } = resolveConfig([
      file('a.yaml', { learning_rate: 0.01, hidden_layer_sizes: '(128, 64)', max_epochs: 3, random_state: 7 }),
      options({ batch: 16, validation_split: 0.1 }),
    ]);
    expect(config).to.deep.include({
      lr: 0.01,
      hidden: [128, 64],
      epochs: 3,
      seed: 7,
      batchSize: 16,
      valFraction: 0.1,
    });
    expect(await usage(file('a.yaml', { lr: 1, learning_rate: 2 }))).to.match(/"lr" and "learning_rate" in a\.yaml/);
  });

  it('has a default learning rate for each optimizer, which an explicit one overrides', () => {
    const lr = (values: object) => resolveConfig([options(values)]).config.lr;
    expect([{}, { optimizer: 'momentum' }, { optimizer: 'adam' }, { optimizer: 'adamw' }].map(lr)).to.deep.equal([
      ...[0.1, 0.01, 0.001, 0.001],
    ]);
    expect(lr({ optimizer: 'adam', lr: 0.1 })).to.equal(0.1);
  });

  it('takes a list as a flag does, and a single element for a list of one', () => {
    const hidden = (value: unknown) => resolveConfig([options({ hidden: value })]).config.hidden;
    expect([8, '8', '8,4', [8, 4], '(8,)', '[8, 4]', ''].map(hidden)).to.deep.equal([
      ...[[8], [8], [8, 4], [8, 4], [8], [8, 4], []],
    ]);
  });

  it('lists all mistakes of all sources at once', async () => {
    const found = await usage(file('a.yaml', { lrr: 1, epochs: 0, lr: 1, 'learning-rate': 1 }), options({ seed: -1 }));
    expect(found.split('\n')).to.deep.equal([
      'The settings have mistakes (4):',
      '  - There is no setting "lrr" (in a.yaml); did you mean lr?',
      '  - "lr" and "learning-rate" in a.yaml are the same setting; leave one out.',
      '  - epochs in a.yaml must be a whole number from 1 to 1000000, not 0.',
      '  - `seed` must be a whole number from 0 to 4294967295, not -1.',
    ]);
  });

  it('names the setting, where it was given, what it takes and what was found', async () => {
    expect(await usage(options({ batchSize: 0 }))).to.equal(
      '`batchSize` must be a whole number from 1 to 1000000, not 0.',
    );
    expect(await usage(options({ lr: 1 }), file('a.yaml', { lr: 'x' }))).to.match(
      /^lr in a\.yaml must be .*not "x"\.$/,
    );
    expect(await usage(environmentSettings({ HANDGRAD_BACKEND: 'x' }))).to.match(/^HANDGRAD_BACKEND must be one of/);
    expect(await usage(options({ epcohs: 1 }))).to.equal('There is no setting "epcohs"; did you mean epochs?');
    expect(await usage(options({ frobnicate: 1 }))).to.equal('There is no setting "frobnicate".');
    expect(await usage(options({ learing_rate: 1 }))).to.equal('There is no setting "learing_rate"; did you mean lr?');
    expect(await usage(options({ max_lr: 1 }))).to.equal('There is no setting "max_lr"; did you mean lr or schedule?');
    for (const values of [null, 1, 'lr', [1]]) expect(await usage(options(values))).to.match(/mapping of names/);
  });
});

describe('assertSettingsApply', () => {
  const refusal = (values: Partial<Record<ConfigKey, unknown>>) =>
    failure('usage', () => assertSettingsApply(resolveConfig([{ values, from: 'options' }]).config));

  it('refuses what would have no effect, with what it needs', async () => {
    expect(await refusal({ beta2: 0.9 })).to.equal(
      '`beta2` needs `optimizer` adam, adamw or rmsprop; add that, or leave it out.',
    );
    expect(await refusal({ cutoutPixels: 4, augment: ['shift'] })).to.match(/^`cutoutPixels` needs `augment` cutout;/);
    expect(await refusal({ patience: 2 })).to.match(
      /^`patience` needs `valFraction`: the test set must not choose the network;/,
    );
    expect(await refusal({ dropout: 0.5, hidden: [] })).to.match(/^`dropout` needs `hidden`/);
    expect(await refusal({ warmup: 3, epochs: 3 })).to.match(/^`warmup` must be shorter than `epochs`/);
    expect(await refusal({ normalize: true, initFrom: 'a' })).to.match(/^`normalize` cannot start from saved weights/);
  });

  it('lets pass what has an effect, and defaults that have none', () => {
    assertSettingsApply(DEFAULTS);
    const values = { optimizer: 'rmsprop', beta2: 0.9, augment: ['flip', 'cutout'], cutoutPixels: 4, warmup: 1 };
    assertSettingsApply(resolveConfig([{ values, from: 'options' }]).config);
  });
});
