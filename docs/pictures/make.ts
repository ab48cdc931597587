import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'puppeteer-core';
import sharp from 'sharp';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { loadDataset } from '../../src/data/loadDataset';
import { encodePng } from '../../src/pictures/png';
import { sampleImage } from '../../src/pictures/sampleImage';
import { buildBook } from '../../book/build';
import { browserLacks, openBrowser, serve } from '../../spec/browser';

// The pictures of the documentation, of the real program: trains the post's network (10 epochs),
// opens what it wrote in a Chromium, and draws what the terminal showed. Run again with: npm run pictures; that of the
// book alone, which needs no run, with: npm run pictures -- book

const root = join(__dirname, '../..');
const dataDir = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();

/** What the program says on both streams of a terminal with colors. */
function handgrad(folder: string, ...argv: readonly string[]): string {
  const shell = [process.execPath, 'bin/handgrad.js', ...argv, '--data-dir', dataDir];
  const command = `${shell.map((word) => `'${word}'`).join(' ')} 2>&1`;
  const env = { ...process.env, FORCE_COLOR: '1' };
  const said = execFileSync('sh', ['-c', command], { cwd: root, env, encoding: 'utf8', maxBuffer: 2 ** 24 });
  // Where things lie on this machine is not what the pictures are about.
  return `$ handgrad ${argv.join(' ')}\n${said}`.replaceAll(folder, 'runs');
}

const COLORS: Readonly<Record<string, string>> = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 36: '#76c7f0' };

/** The page of a terminal that shows a text with its colors. */
function terminalPage(text: string): string {
  let style: Record<string, string> = {};
  const escape = (part: string) => part.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const gray = (code: number) => `rgb(${new Array(3).fill(8 + 10 * (code - 232)).join()})`;
  const apply = (codes: readonly number[]) => {
    const [code, , color, , , back] = codes;
    if (code === 38) style = { color: gray(color!), background: gray(back!) };
    else if (code === 0) style = {};
    else if (code === 1) style = { ...style, 'font-weight': 'bold' };
    else if (code === 2) style = { ...style, opacity: '0.6' };
    else if (code === 22) style = Object.fromEntries(Object.entries(style).filter(([key]) => key === 'color'));
    else if (code === 39) style = Object.fromEntries(Object.entries(style).filter(([key]) => key !== 'color'));
    else if (COLORS[`${code}`]) style = { ...style, color: COLORS[`${code}`]! };
  };
  // Splitting at an expression with a group keeps the groups: texts and codes take turns.
  const spans = text
    .replaceAll('\x1b', '␛')
    .split(/␛\[([0-9;]*)m/)
    .map((part, i) => {
      if (i % 2 === 1) apply(part.split(';').map(Number));
      const css = Object.entries(style).map(([key, value]) => `${key}:${value}`);
      return i % 2 === 1 ? '' : `<span style="${css.join(';')}">${escape(part)}</span>`;
    });
  return `<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#14171a}
    pre{display:inline-block;margin:0;padding:14px 18px;color:#d7dbe0;font:13px/17px 'DejaVu Sans Mono',monospace}
    </style><pre>${spans.join('')}</pre>`;
}

async function save(name: string, picture: Uint8Array): Promise<void> {
  // A palette takes a third of the bytes.
  await sharp(picture).png({ palette: true, quality: 90, effort: 10 }).toFile(join(__dirname, name));
}

async function terminal(page: Page, name: string, text: string): Promise<void> {
  await page.setContent(terminalPage(text.trimEnd()));
  await save(name, await (await page.$('pre'))!.screenshot());
}

async function main(): Promise<void> {
  if (browserLacks) throw new Error(browserLacks);
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-pictures-'));
  const browser = await openBrowser();
  try {
    const { page } = browser;
    if (process.argv[2] === 'book') return await book(page, join(folder, 'book'));
    const run = join(folder, 'post');
    await page.setViewport({ width: 1000, height: 800 });
    await terminal(page, 'train.png', handgrad(folder, 'train', '--run-dir', run, '--plot'));
    await terminal(page, 'evaluate.png', handgrad(folder, 'evaluate', run));
    await terminal(page, 'predict.png', handgrad(folder, 'predict', run, '--index', '0', '8'));
    handgrad(folder, 'report', run);
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.goto(pathToFileURL(join(run, 'report.html')).href);
      await page.setViewport({ width: 1100, height: 1400 });
      await save(`report-${scheme}.png`, await page.screenshot());
    }
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    handgrad(folder, 'report', run, '--png', join(folder, 'png'));
    await webPage(page, 'web-page.png', run, async () => {
      const { test, imageShape } = await loadDataset('fashion-mnist', { dataDir });
      const image = join(folder, 'boot.png');
      writeFileSync(image, await encodePng(sampleImage(test, 0, imageShape!)));
      await (await page.$('input[type=file]'))!.uploadFile(image);
      await page.waitForSelector('#classes li');
    });
    const flats = join(folder, 'flats');
    handgrad(folder, 'train', '--dataset', writeFlats(folder), '--label-column', 'let within', '--run-dir', flats);
    await webPage(page, 'web-form.png', flats);
    await book(page, join(folder, 'book'));
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}

/** The page that `export --format web` makes of a run, used first. */
async function webPage(page: Page, name: string, run: string, use = async () => {}): Promise<void> {
  const site = `${run}-site`;
  execFileSync(process.execPath, ['bin/handgrad.js', 'export', run, site, '--format', 'web'], {
    cwd: root,
    stdio: 'ignore',
  });
  const server = await serve({ '': site });
  try {
    await page.setViewport({ width: 900, height: 520 });
    await page.goto(`${server.url}/`);
    await page.waitForSelector('body[data-backend]');
    await use();
    await save(name, await page.screenshot());
  } finally {
    server.close();
  }
}

/** A table of flats as CSV. @returns its path */
function writeFlats(folder: string): string {
  const flats = Array.from({ length: 600 }, (_, i) => {
    const [district, size] = [['north', 'old town', 'river'][i % 3]!, 25 + ((i * 37) % 90)];
    const [built, rent] = [1900 + ((i * 53) % 120), 300 + size * (9 + (i % 3)) + ((i * 29) % 200)];
    const days = Math.round(rent / 30 - built / 40 + 30 * (i % 3) + ((i * i * 61) % 40) - 20);
    const listed = `20${20 + (i % 5)}-0${1 + (i % 9)}-${10 + (i % 18)}`;
    return [
      district,
      size,
      built,
      rent,
      i % 11 === 0 ? '' : listed,
      days < -10 ? 'a week' : days < 25 ? 'a month' : 'longer',
    ];
  });
  const csv = join(folder, 'flats.csv');
  writeFileSync(csv, ['district,size,built,rent,listed,let within', ...flats.map(String)].join('\n') + '\n');
  return csv;
}

/** The gradient of the weights, after three epochs. */
async function book(page: Page, folder: string): Promise<void> {
  await buildBook({ folder, dataDir });
  const server = await serve({ '': folder });
  try {
    await page.setViewport({ width: 1100, height: 850 });
    await page.goto(`${server.url}/?backend=wasm`);
    await page.waitForSelector('body[data-backend]');
    await page.click('[data-bar=train]');
    await page.waitForSelector('body[data-epoch="3"]', { timeout: 60_000 });
    await page.click('[data-bar=train]');
    await page.evaluate("document.querySelector('#weights ~ .pair').scrollIntoView({ behavior: 'instant' })");
    // The figure draws what it shows when it is seen.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await save('book.png', await page.screenshot());
  } finally {
    server.close();
  }
}

void main();
