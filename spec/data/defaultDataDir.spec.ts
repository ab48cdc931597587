import { expect } from 'chai';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { checkoutOf } from '../../src/files/places';
import { fill, temporaryFolder } from './tinyDataset';

const MANIFEST = { 'package.json': '{"name":"handgrad"}' };

describe('defaultDataDir', () => {
  const folder = temporaryFolder();

  it('is datasets/ of this checkout', () => {
    expect(defaultDataDir()).to.equal(join(__dirname, '../../datasets'));
  });

  it('knows a checkout, also from its compiled code, from an installed package', () => {
    const checkout = fill(join(folder(), 'checkout'), MANIFEST);
    const compiled = fill(join(checkout, 'dist', 'src', 'data'), {});
    expect(checkoutOf(compiled), 'no src/ beside package.json').to.equal(undefined);
    fill(join(checkout, 'src', 'data'), {});
    expect(checkoutOf(compiled)).to.equal(checkout);
    const installed = fill(join(folder(), 'node_modules', 'handgrad'), MANIFEST);
    expect(checkoutOf(fill(join(installed, 'src', 'data'), {}))).to.equal(undefined);
    const other = fill(join(folder(), 'other'), { 'package.json': '{"name":"other"}' });
    expect(checkoutOf(fill(join(other, 'src'), {}))).to.equal(undefined);
    expect(checkoutOf(folder())).to.equal(undefined);
  });

  it('is the user’s cache folder when installed, wherever that is', () => {
    const given = process.env['XDG_CACHE_HOME'];
    const installed = join(folder(), 'node_modules', 'handgrad', 'dist', 'src', 'data');
    try {
      process.env['XDG_CACHE_HOME'] = folder();
      expect(defaultDataDir(installed)).to.equal(join(folder(), 'handgrad'));
      for (const unset of ['', 'relative']) {
        process.env['XDG_CACHE_HOME'] = unset;
        expect(defaultDataDir(installed)).to.equal(join(homedir(), '.cache', 'handgrad'));
      }
    } finally {
      if (given === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = given;
    }
  });
});
