import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfigFile } from '../../../src/files/configFile';
import { writePoints } from '../points';
import { session } from '../session';

describe('train, before it trains', () => {
  let folder: string;
  let csv: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-before-'));
    csv = writePoints(join(folder, 'points.csv'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const train = (...flags: string[]) => session(['train', '--backend', 'cpu', ...flags]);

  it('--print-config prints what --config reads: the same config, with where each value comes from', async () => {
    const one = file('one.yaml', `dataset: ${csv}\nlr: 0.5\nhidden: [8, 4]\nepochs: 2\n`);
    const two = file('two.yaml', 'lr: 0.25\nbatch_size: 20\n');
    for (const configs of [
      ['--config', one, two],
      ['--config', one, '--config', two],
    ]) {
      const { code, stdout, stderr } = await train(...configs, '--hidden', '', '--print-config');
      expect(code, stderr).to.equal(0);
      const lines = stdout.split('\n').map((line) => line.split(/ +# /));
      const shown = Object.fromEntries(lines.filter(([line]) => line)) as Record<string, string>;
      expect(shown).to.include({ [`dataset: ${csv}`]: one, 'lr: 0.25': two, 'batchSize: 20': two, 'epochs: 2': one });
      expect(shown).to.include({ 'hidden: []': 'flag', 'optimizer: adamw': 'table default', 'seed: 0': 'default' });
      const again = await train('--config', file('again.yaml', stdout), '--print-config', '--json');
      const { config, origins } = JSON.parse(again.stdout) as Record<string, Record<string, unknown>>;
      expect(config).to.deep.equal(await readConfigFile(join(folder, 'again.yaml')));
      expect(origins).to.include({ lr: join(folder, 'again.yaml'), backend: 'flag' });
    }
    expect(readdirSync(folder).filter((name) => !/\.(yaml|csv)$/.test(name))).to.deep.equal([]);
    expect(readFileSync(join(folder, 'again.yaml'), 'utf8')).to.contain('backend: cpu');
  });
});
