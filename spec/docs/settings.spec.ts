import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { settingsPage } from '../../docs/makeSettings';
import { CONFIG_KEYS } from '../../src/runs/config';

describe('docs/settings.md', () => {
  const page = readFileSync(require.resolve('../../docs/settings.md'), 'utf8');

  it('is what the table of settings says (npm run settings makes it)', () => {
    expect(page).to.equal(settingsPage());
  });

  it('has a row for each setting', () => {
    for (const key of CONFIG_KEYS) expect(page).to.match(new RegExp(`^\\| \`${key}\` \\| \`--`, 'm'));
  });
});
