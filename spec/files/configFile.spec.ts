import { expect } from 'chai';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfigFile } from '../../src/files/configFile';
import { failure } from '../failure';

describe('readConfigFile', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'handgrad-config-'))));
  after(() => rmSync(folder, { recursive: true }));

  const write = (text: string, name = 'config.yaml') => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const refused = (path: string) => failure('usage', () => readConfigFile(path));

  it('reads YAML and JSON alike, and nothing from an empty file', async () => {
    const settings = { lr: 0.5, hidden: [64, 32], dataset: 'mnist' };
    expect(await readConfigFile(write('lr: 0.5\nhidden: [64, 32] # two\ndataset: mnist\n'))).to.deep.equal(settings);
    expect(await readConfigFile(write(JSON.stringify(settings), 'config.json'))).to.deep.equal(settings);
    expect(await readConfigFile(write(''))).to.deep.equal({});
  });

  it('says what is wrong with a path', async () => {
    expect(await refused(join(folder, 'nothing.yaml'))).to.match(/does not exist\.$/);
    expect(await refused(folder)).to.contain('is a folder');
  });

  for (const [what, text, says] of [
    ['a list', '- lr\n- 0.1\n', /must hold settings/],
    ['a word', 'lr\n', /must hold settings/],
    ['broken YAML', 'lr: [0.1\n', /is not valid YAML or JSON/],
    ['a key twice', 'lr: 0.1\nlr: 0.2\n', /is not valid YAML or JSON .+unique/],
    ['a tag that means code elsewhere', 'lr: !!js/function "process.exit()"\n', /is not valid YAML or JSON .+tag/],
    ['two documents', 'lr: 0.1\n---\nlr: 0.2\n', /is not valid YAML or JSON/],
  ] as const) {
    it(`refuses ${what}`, async () => expect(await refused(write(text))).to.match(says));
  }

  it('F42 refuses an alias bomb, at once', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `b${i + 1}: &b${i + 1} [${Array(10).fill(`*b${i}`).join()}]`);
    const started = performance.now();
    expect(await refused(write(`b0: &b0 [x]\n${levels.join('\n')}\n`))).to.match(/cannot be expanded/);
    expect(performance.now() - started).to.be.below(1000);
  });

  it('F42 refuses 100 MB without reading them', async () => {
    const path = write('lr: 0.1\n', 'large.yaml');
    truncateSync(path, 100_000_000);
    const before = process.memoryUsage().rss;
    expect(await refused(path)).to.contain('100.0 MB');
    expect(process.memoryUsage().rss - before).to.be.below(50_000_000);
  });

  it('F42 keeps a key named __proto__ a key, for whoever checks the keys', async () => {
    const content = await readConfigFile(write('__proto__: {polluted: true}\n'));
    expect(Object.keys(content)).to.deep.equal(['__proto__']);
    expect(content['polluted']).to.equal(undefined);
  });

  it('F103 refuses in under a second what would take long to parse', async () => {
    for (const [text, says] of [
      [Array.from({ length: 80_000 }, (_, i) => `k${i}: 1`).join('\n'), /has more than 2000 keys/],
      [`{${Array.from({ length: 80_000 }, (_, i) => `k${i}: 1`).join()}}`, /has more than 2000 keys/],
      ['['.repeat(900_000), /has more than 100 brackets in each other/],
      [`a: ${'- '.repeat(400_000)}`, /is not valid YAML|is indented deeper/],
      ['- '.repeat(400_000), /is indented deeper than any config/],
      [`${' '.repeat(600)}a: 1`, /is indented deeper than any config/],
      [`a: [${','.repeat(400_000)}`, /has more than 65536 characters/],
      [`a: "${'\\\n'.repeat(300_000)}"`, /has more than 65536 characters/],
      [`a: ${'[] '.repeat(300_000)}`, /has more than 65536 characters/],
      ['#\n'.repeat(400_000), /has more than 65536 characters/],
    ] as const) {
      const path = write(text);
      const began = performance.now();
      expect(await refused(path)).to.match(says);
      expect(performance.now() - began).to.be.below(1000);
    }
  });

  it('F103 refuses a text with a fault at every character in seconds, with the place of the first', async () => {
    for (const [text, says] of [
      [`a: [${','.repeat(65_000)}`, /is not valid YAML or JSON \(.* at line 1, column 6\)\.$/],
      [`a: "${'\\q'.repeat(32_000)}"`, /is not valid YAML or JSON \(.* at line 1, column \d+\)\.$/],
      [`a: 1\nb: ${'[] '.repeat(20_000)}`, /is not valid YAML or JSON \(.* at line 2, column \d+\)\.$/],
    ] as const) {
      const path = write(text);
      const began = process.cpuUsage();
      expect(await refused(path)).to.match(says);
      const { user, system } = process.cpuUsage(began);
      expect((user + system) / 1e6).to.be.below(4);
    }
  });
});
