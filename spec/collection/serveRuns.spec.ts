import { expect } from 'chai';
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { serveRuns, type ServedRuns } from '../../src/collection/serveRuns';
import { browserLacks, openBrowser, type Opened } from '../browser';
import { temporaryFolder } from '../data/tinyDataset';
import { failure } from '../failure';
import { need } from '../need';
import { epochRow, rowsText, writeRun, writeSweep } from './folders';

describe('serveRuns', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder(), name);
  let served: ServedRuns;
  beforeEach(async () => {
    const name = '<script>document.title = "bad"</script>\u{1f600}';
    writeRun(at('a'), { dataset: 'mnist', epochs: 9, name, tags: ['<b>x</b>'], note: '<i>n' }, [epochRow(1, 0.5)]);
    writeSweep(at('sweep'));
    served = await serveRuns(folder());
  });
  afterEach(() => served.close());

  const get = (path: string, { method = 'GET', host = new URL(served.url).host } = {}) =>
    new Promise<{ status: number; text: string; policy: string }>((resolve, reject) => {
      // Not fetch, which would normalize the path.
      const { port } = new URL(served.url);
      const sent = request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        const policy = response.headers['content-security-policy'] ?? '';
        response.on('end', () => resolve({ status: response.statusCode!, text, policy: String(policy) }));
      });
      sent.on('error', reject).end();
    });

  it('answers this machine only, GET only, and nothing outside the folder of runs', async () => {
    expect(new URL(served.url).hostname).to.equal('127.0.0.1');
    expect(await get('/api/runs')).to.include({ status: 200 });
    expect(await get('/', { method: 'HEAD' })).to.include({ status: 200, text: '' });
    for (const host of ['evil.example', `evil.example:${new URL(served.url).port}`, '127.0.0.1'])
      expect((await get('/api/runs', { host })).status, host).to.be.oneOf([400, 421]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await get('/', { method })).status, method).to.equal(405);
    mkdirSync(at('outside'));
    symlinkSync('/etc', at('link'));
    symlinkSync('/etc', at('a/fold-1'));
    const names = [
      '..',
      '../x',
      'a/..',
      'a/../a',
      'link',
      'outside',
      'a/fold-1',
      'a/%2e%2e',
      '/etc',
      'a/\0',
      '__proto__',
      '',
    ];
    for (const name of names) {
      const query = new URLSearchParams({ run: name }).toString();
      for (const path of ['/report', '/api/metrics', '/api/sweep'])
        expect((await get(`${path}?${query}`)).status, `${path} ${name}`).to.be.oneOf([400, 404]);
    }
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/runs/script.js', '//x', '/api', '/constructor'])
      expect((await get(path)).status, path).to.be.oneOf([400, 404]);
    expect((await get('/api/runs')).text).not.to.contain(folder());
  });

  it('gives the report of a run, of a trial and of a sweep, with their own policy only', async () => {
    const { status, text, policy } = await get('/report?run=a');
    expect(status).to.equal(200);
    expect(text).to.contain('&lt;script&gt;document').and.not.to.contain('<script>document');
    expect(policy).to.match(/default-src 'none'.*script-src 'sha256-.*frame-ancestors 'none'/);
    expect(await get('/report?run=sweep/trials/0000')).to.include({ status: 200 });
    expect((await get('/report?run=sweep')).text).to.contain('trial 0');
    // One that was written stands, unless it is no report.
    writeFileSync(at('a/report.html'), '<meta name="generator" content="handgrad" />mine');
    expect((await get('/report?run=a')).text).to.contain('mine');
    writeFileSync(at('a/report.html'), '<script>theirs</script>');
    expect((await get('/report?run=a')).text).not.to.contain('theirs');
  });

  it('refuses a folder that is not there, and a port that is taken', async () => {
    expect(await failure('usage', () => serveRuns(at('nothing')))).to.contain('does not exist');
    const port = Number(new URL(served.url).port);
    expect(await failure('backend', () => serveRuns(folder(), { port }))).to.contain(`Port ${port}`);
  });

  describe('in a browser', () => {
    let browser: Opened;
    before(async function () {
      need(this, browserLacks);
      browser = await openBrowser();
    });
    after(() => browser?.close());

    it('shows curves that grow while a run trains, what appears and what goes', async () => {
      const { page, complaints } = browser;
      const until = (script: string) => page.waitForFunction(script, { timeout: 20_000, polling: 100 });
      const ask = <T>(script: string) => page.evaluate(script) as Promise<T>;
      complaints.length = 0;
      await page.setViewport({ width: 500, height: 800 });
      await page.goto(served.url);
      const points = (count: number) => `document.querySelectorAll('figure:first-child circle').length === ${count}`;
      await until(points(1));
      expect(await ask<string>("document.querySelector('tbody').innerText")).to.contain('<script>document.title');
      expect(await ask<string>('document.title')).not.to.equal('bad');
      // As the command line prints it: 0.5000, not 0.5.
      expect(await ask<string>("document.querySelector('tbody').innerText")).to.match(/0\.\d{4} test accuracy/);
      expect(await ask<number>('document.documentElement.scrollWidth')).to.be.at.most(500);
      appendFileSync(at('a/metrics.jsonl'), rowsText([epochRow(2, 0.7), epochRow(3, 0.8)]));
      await until(points(3));
      // What has not changed is not read again.
      const before = browser.requests.length;
      await until(
        `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/runs')).length > 4`,
      );
      const asked = browser.requests.slice(before).map((url) => new URL(url).pathname);
      expect(new Set(asked)).to.deep.equal(new Set(['/api/runs']));
      const path = "document.querySelector('figure:first-child path').getAttribute('d').split('L').length";
      expect(await ask<number>(path)).to.equal(3);
      writeRun(at('b'), { dataset: 'mnist' }, [epochRow(1, 0.6)]);
      await until("document.querySelectorAll('tbody tr').length === 3");
      rmSync(at('a'), { recursive: true });
      await until("document.querySelectorAll('tbody tr').length === 2");
      await ask("[...document.querySelectorAll('td.name a')].find((a) => a.textContent === 'rates').click()");
      await until("document.querySelector('tbody').innerText.includes('trial 0')");
      expect(await ask<string>("document.querySelector('thead').innerText")).to.contain('testAccuracy');
      const colors: string[] = [];
      for (const value of ['light', 'dark']) {
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
        colors.push(await ask<string>('getComputedStyle(document.body).backgroundColor'));
      }
      expect(new Set(colors).size).to.equal(2);
      expect(complaints).to.deep.equal([]);
      await served.close();
      await until("document.querySelector('#state').textContent.startsWith('The server has stopped')");
    });
  });
});
