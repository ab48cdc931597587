import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsPage } from '../../docs/makeSettings';
import { CONFIG_KEYS } from '../../src/runs/config';
import { VARIABLES } from '../../src/runs/variables';

describe('docs/settings.md', () => {
  const page = readFileSync(require.resolve('../../docs/settings.md'), 'utf8');

  it('is what the table of settings says (npm run settings makes it)', () => {
    expect(page).to.equal(settingsPage());
  });

  it('has a row for each environment variable that the code reads', () => {
    const root = join(__dirname, '../..');
    const files = ['src', 'cli'].flatMap((folder) =>
      (readdirSync(join(root, folder), { recursive: true }) as string[])
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(root, folder, name)),
    );
    const read = new Set(files.flatMap((file) => readFileSync(file, 'utf8').match(/\bHANDGRAD_[A-Z_]+\b/g) ?? []));
    expect(Object.keys(VARIABLES)).to.have.members([...read]);
    for (const name of read) expect(page).to.contain(`| \`${name}\` | `);
  });

  it('has a row for each setting', () => {
    for (const key of CONFIG_KEYS) expect(page).to.match(new RegExp(`^\\| \`${key}\` \\| \`--`, 'm'));
  });
});
