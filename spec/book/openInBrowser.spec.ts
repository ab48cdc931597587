import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserCommand, openInBrowser } from '../../book/openInBrowser';

const URL = 'http://127.0.0.1:8000/';

describe('opening the book', () => {
  it('takes the command of the platform', () => {
    expect(browserCommand(URL, 'darwin', {})).to.deep.equal(['open', URL]);
    expect(browserCommand(URL, 'win32', {})).to.deep.equal(['explorer.exe', URL]);
    expect(browserCommand(URL, 'linux', { DISPLAY: ':0' })).to.deep.equal(['xdg-open', URL]);
    expect(browserCommand(URL, 'linux', { WAYLAND_DISPLAY: 'wayland-0' })).to.deep.equal(['xdg-open', URL]);
  });

  it('does nothing where there is no desktop', () => {
    expect(browserCommand(URL, 'linux', {})).to.equal(undefined);
    for (const hidden of [{ CI: 'true' }, { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }]) {
      for (const platform of ['linux', 'darwin', 'win32'] as const) {
        expect(browserCommand(URL, platform, { DISPLAY: ':0', ...hidden })).to.equal(undefined);
      }
    }
  });

  it('starts that command, and survives its absence', async function () {
    if (process.platform !== 'linux') this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'handgrad-open-'));
    const asked = join(folder, 'asked');
    const before = { ...process.env };
    try {
      delete process.env['CI'];
      delete process.env['SSH_CONNECTION'];
      Object.assign(process.env, { DISPLAY: ':0', PATH: folder });
      openInBrowser(URL);
      await new Promise((resolve) => setTimeout(resolve, 100));
      writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\nprintf %s "$1" > '${asked}'\n`, { mode: 0o755 });
      openInBrowser(URL);
      while (!existsSync(asked) || readFileSync(asked, 'utf8') === '') {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(readFileSync(asked, 'utf8')).to.equal(URL);
    } finally {
      process.env = before;
      rmSync(folder, { recursive: true });
    }
  });
});
