import { expect } from 'chai';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PNG } from 'pngjs';
import { browserLacks, openBrowser, type Opened } from '../../browser';
import { useRealNetwork } from '../../model/export/realNetwork';
import { need } from '../../need';
import { session } from '../session';

const dataFlags = process.env['HANDGRAD_DATA_DIR'] ? ['--data-dir', process.env['HANDGRAD_DATA_DIR']] : [];

describe('report', function () {
  this.timeout(180_000);
  const network = useRealNetwork();
  let browser: Opened | undefined;
  after(() => browser?.close());

  const report = async (...argv: string[]) => {
    const { code, stdout, stderr } = await session(['report', ...argv, '--backend', 'wasm', ...dataFlags]);
    expect(code, stderr).to.equal(0);
    return stdout.trim();
  };
  /** Opens a page in Chromium; what it says on its console, and what it asks for, must be nothing. */
  const opened = async (file: string) => {
    browser ??= await openBrowser();
    const { page, complaints, requests } = browser;
    complaints.length = requests.length = 0;
    await page.goto(pathToFileURL(file).href);
    expect(complaints).to.deep.equal([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).to.deep.equal([pathToFileURL(file).href]);
    return <T>(script: string) => page.evaluate(script) as Promise<T>;
  };

  it('shows a run on one page: charts, all of the confusion matrix, 64 mistakes, no requests', async function () {
    need(this, browserLacks);
    const { run, dataset, accuracy, probabilities } = network();
    const file = await report(run);
    expect(file).to.equal(join(run, 'report.html'));
    expect(statSync(file).size).to.be.below(2_000_000);
    const ask = await opened(file);
    // Loss, accuracy, calibration, confidences: what is drawn is really there.
    expect(await ask<number>("document.querySelectorAll('figure > svg').length")).to.equal(4);
    expect(await ask<boolean>("[...document.querySelectorAll('svg')].every((svg) => svg.querySelector('path[d^=M]'))"))
      .to.be.true;
    const cells = await ask<string[]>(
      "[...document.querySelectorAll('.confusion td')].map((td) => td.firstChild.textContent)",
    );
    const confusion = new Array<number>(100).fill(0);
    dataset.test.labels.forEach((label, i) => {
      const row = [...probabilities.subarray(10 * i, 10 * i + 10)];
      confusion[10 * label + row.indexOf(Math.max(...row))]!++;
    });
    expect(cells.map(Number)).to.deep.equal(confusion);
    const says = await ask<string>("document.querySelector('.tiles dd').textContent");
    expect(says).to.equal(`${(100 * accuracy).toFixed(2)}%`);
    const images = await ask<[number, number][]>(
      "[...document.querySelectorAll('.mistakes img')].map((img) => [img.naturalWidth, img.naturalHeight])",
    );
    expect(images).to.deep.equal(new Array(64).fill([28, 28]));
    expect(await ask<boolean>('[...document.images].every((img) => img.alt && img.naturalWidth > 0)')).to.be.true;
  });

  it('fits a narrow screen, follows light and dark, sorts by keyboard, and prints', async function () {
    need(this, browserLacks);
    const ask = await opened(join(network().run, 'report.html'));
    const { page, complaints } = browser!;
    const colors = [];
    for (const value of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
      colors.push(await ask<string>('getComputedStyle(document.body).backgroundColor'));
      // The charts' text takes the page's color, so that it can be read on both.
      const [text, body] = await ask<[string, string]>(
        "[getComputedStyle(document.querySelector('svg text')).fill, getComputedStyle(document.body).color]",
      );
      expect(text).to.equal(body);
    }
    expect(new Set(colors).size).to.equal(2);
    await page.setViewport({ width: 360, height: 700 });
    expect(await ask<number>('document.documentElement.scrollWidth')).to.be.at.most(360);
    const firstClass = () => ask<string>("document.querySelector('#classes tbody th').textContent");
    expect(await firstClass()).to.equal('T-shirt/top');
    await ask("document.querySelector('#classes thead button').focus()");
    await page.keyboard.press('Enter');
    expect(await firstClass()).to.equal('Trouser');
    expect((await page.pdf({ printBackground: true })).length).to.be.above(10_000);
    expect(complaints).to.deep.equal([]);
  });

  it('--png writes the pictures', async () => {
    const folder = join(network().folder, 'pictures');
    await report(network().run, '--png', folder);
    const names = ['accuracy', 'calibration', 'confusion', 'first-layer', 'loss', 'mistakes'].map(
      (name) => `${name}.png`,
    );
    expect(readdirSync(folder).sort()).to.deep.equal(names);
    for (const name of names) {
      const { width, height, data } = PNG.sync.read(readFileSync(join(folder, name)));
      expect(width * height, name).to.be.above(10_000);
      expect(new Set(data).size, name).to.be.above(10);
    }
  });

  it('shows several runs side by side, with what differs between them', async function () {
    need(this, browserLacks);
    const { folder, run } = network();
    const other = join(folder, 'other');
    const network2 = ['--limit', '2560', '--epochs', '2', '--lr', '0.2', '--backend', 'wasm', '--run-dir', other];
    const trained = await session(['train', ...network2, '--report', '--plot', '--no-tensorboard', ...dataFlags]);
    expect(trained.code, trained.stderr).to.equal(0);
    expect(trained.stdout).to.match(/Loss: training \d\.\d{4}, test \d\.\d{4}\n.*[┤┼]/);
    expect(existsSync(join(other, 'report.html'))).to.be.true;
    const file = await report(run, other, '--out', join(folder, 'both.html'), '--png', join(folder, 'both'));
    const ask = await opened(file);
    const headings = await ask<string[]>(
      "[...document.querySelectorAll('#runs thead th')].map((th) => th.textContent)",
    );
    expect(headings).to.include.members(['limit', 'epochs', 'lr']).and.not.to.include.members(['hidden']);
    expect(await ask<number>("document.querySelectorAll('figure > svg').length")).to.be.at.least(5);
    expect(readdirSync(join(folder, 'both'))).to.include.members(['accuracy.png', 'parallel.png', 'against-lr.png']);
  });

  it('takes what runs/* gives: strangers are named and left out', async () => {
    const { folder, run } = network();
    const stranger = join(folder, 'stranger');
    mkdirSync(stranger);
    const page = join(folder, 'mixed.html');
    const { code, stderr } = await session(['report', run, stranger, '--out', page, '--quiet']);
    expect(code, stderr).to.equal(0);
    const noted = await session(['report', run, stranger, '--out', page]);
    expect(noted.stderr).to.contain(`Left out, because they are neither runs nor sweeps: ${stranger}.`);
    expect((await session(['report', stranger, folder, '--out', page])).code).to.equal(8);
  });

  it('shows the trials of a sweep, best first, while it goes on as well', async function () {
    need(this, browserLacks);
    const { folder } = network();
    const points = join(folder, 'points.csv');
    writeFileSync(points, `c,x,y\n${Array.from({ length: 60 }, (_, i) => `${i % 2},${i % 2},${i / 60}`).join('\n')}\n`);
    const sweep = { method: 'grid', parameters: { lr: { values: [1e-6, 1] }, hidden: { values: [2, 4] } } };
    const fixed = { dataset: points, 'label-column': 'c', epochs: 2, 'batch-size': 10, backend: 'wasm' };
    writeFileSync(join(folder, 'sweep.yaml'), JSON.stringify({ ...sweep, fixed }));
    const dir = join(folder, 'sweep');
    const swept = await session(['sweep', join(folder, 'sweep.yaml'), '--run-dir', dir, '--workers', '2'], process.env);
    expect(swept.code, swept.stderr).to.equal(0);
    const rows = () =>
      "[...document.querySelectorAll('#runs tbody tr')].map((row) => [...row.cells].map((c) => c.textContent))";
    const finished = await (await opened(await report(dir)))<string[][]>(rows());
    expect(finished).to.have.length(4);
    const accuracies = finished.map(([, accuracy]) => Number(accuracy));
    expect(accuracies).to.deep.equal([...accuracies].sort((a, b) => b - a));
    expect(finished.map((row) => row.slice(2, 4).join()).sort()).to.deep.equal([
      '0.000001,2',
      '0.000001,4',
      '1,2',
      '1,4',
    ]);
    // Beside a run, as runs/* gives them; and no path of this machine is on the page.
    const mixed = await report(network().run, dir, '--out', join(folder, 'mixed.html'));
    expect(await (await opened(mixed))<string[][]>(rows())).to.have.length(5);
    expect(readFileSync(mixed, 'utf8')).to.contain('points.csv').and.not.to.contain(points);
    // As the journal stood before its last line, and in the middle of it.
    const journal = readFileSync(join(dir, 'journal.jsonl'), 'utf8');
    writeFileSync(join(dir, 'journal.jsonl'), journal.slice(0, -20));
    expect(await (await opened(await report(dir)))<string[][]>(rows())).to.have.length(4);
  });

  it('F89 shows the curves of a run without a model; refuses what is no run, and to replace other pages', async () => {
    const { run, folder } = network();
    const unfinished = join(folder, 'unfinished');
    await session([
      'train',
      '--limit',
      '512',
      '--epochs',
      '1',
      '--backend',
      'wasm',
      '--run-dir',
      unfinished,
      ...dataFlags,
    ]);
    rmSync(join(unfinished, 'model.safetensors'));
    rmSync(join(unfinished, 'manifest.json'));
    writeFileSync(
      join(unfinished, 'metrics.jsonl'),
      readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n')[0] + '\n{"ty',
    );
    const page = readFileSync(await report(unfinished), 'utf8');
    expect(page).to.contain('not finished').and.not.to.contain('Confusion matrix</h2>');
    const other = join(folder, 'index.html');
    writeFileSync(other, '<!doctype html>');
    const refused = await session(['report', unfinished, '--out', other]);
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.contain(
      'index.html is not a report of handgrad, and is not replaced; choose another page',
    );
    expect(readFileSync(other, 'utf8')).to.equal('<!doctype html>');
    const { code, stderr } = await session(['report', folder]);
    expect(code).to.equal(8);
    expect(stderr).to.contain('neither a run nor a sweep folder');
  });
});
