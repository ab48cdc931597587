import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { About } from '../../book/page/about';
import { DEFAULTS } from '../../book/page/settings';
import { indexPage, sourceName, sourcePage } from '../../book/pages';
import { excerpt, wholeFile } from '../../book/source';

const root = join(__dirname, '../..');
const plain = (html: string) =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');

const about: About = {
  ...{ name: 'clothes', trainCount: 12_000, testCount: 2_000, imageShape: [28, 28], background: 'dark' },
  classNames: ['</script>', ...'bcdefghij'],
  reference: { ...DEFAULTS, loss: 1 },
};

describe('the pages of the book', () => {
  const { html, files } = indexPage(about);

  it('show the code of this checkout', () => {
    const shown = [...html.matchAll(/<pre tabindex="0"[^>]*><code>(.+?)<\/code><\/pre>/gs)].map(([, code]) =>
      plain(code!),
    );
    expect(shown).to.have.length.above(15);
    const sources = files.map((file) => readFileSync(join(root, file), 'utf8'));
    const strange = shown.filter((code) => !sources.some((source) => source.includes(code)));
    expect(strange).to.deep.equal([]);
  });

  it('link to the line of each declaration', () => {
    const links = [...html.matchAll(/href="(source\/[^"#]+)#L(\d+)"/g)];
    const file = new Map(files.map((name) => [sourceName(name), name]));
    for (const [, page, line] of links) {
      const text = plain(wholeFile(file.get(page!)!)[Number(line) - 1]!);
      expect(text).to.match(/^(export|async|function|const)\b/);
    }
  });

  it('show whole files, every line of them', () => {
    for (const file of files) {
      expect(wholeFile(file).map(plain).join('\n')).to.equal(readFileSync(join(root, file), 'utf8'));
      expect(sourcePage(file)).to.contain('id="L1"').and.not.contain('{{');
    }
  });

  it('refuse a declaration that does not exist', () => {
    expect(() => excerpt('src/nn/linear.ts', 'quadratic')).to.throw('declares no quadratic');
  });

  it('have the eight sections in the post’s order, every formula set, and no text that ends the data', () => {
    const headings = [...html.matchAll(/<section aria-labelledby="(\w+)"/g)].map(([, id]) => id);
    expect(headings).to.deep.equal([
      ...['initialization', 'linear', 'softmax', 'backward', 'checking', 'update', 'batches', 'training'],
    ]);
    const words = html.replace(/<(script|pre|annotation)\b.*?<\/\1>/gs, '');
    expect(words).to.not.match(/\$|\{\{|katex-error/);
    expect(JSON.parse(/<script id="about".*?>(.+?)<\/script>/s.exec(html)![1]!)).to.deep.equal(about);
  });

  it('say in words what every anchor of the contents leads to', () => {
    for (const [, id] of html.matchAll(/href="#([^"]+)"/g)) expect(html).to.contain(`id="${id!}"`);
  });

  it('have a script for every figure, and a figure for every script', () => {
    const placed = [...html.matchAll(/data-figure="(\w+)"/g)].map(([, name]) => name!);
    const scripts = readdirSync(join(root, 'book/page/figures')).map((name) => name.replace('.ts', ''));
    expect(scripts.sort()).to.deep.equal([...placed, 'index'].sort());
    expect(existsSync(join(root, 'pages/look.css'))).to.be.true;
  });
});
