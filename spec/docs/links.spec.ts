import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../..');

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter((name) => existsSync(path.join(root, name))),
  ...(readdirSync(path.join(root, 'docs'), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];

const read = (page: string) => readFileSync(path.join(root, page), 'utf8');

/** A page without its code. */
const prose = (text: string) => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');

/** Where the links and pictures of a page lead, as they stand there. */
const linksOf = (text: string) => [
  ...[...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!),
  ...[...prose(text).matchAll(/^\[[^\]]+\]: (\S+)$/gm)].map(([, target]) => target!),
];

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (text: string) =>
  [...text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('links between the pages', () => {
  for (const page of pages) {
    it(`${page} links to files and headings that exist`, () => {
      const broken = linksOf(read(page))
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [file, anchor] = target.split('#');
          const reached = file ? path.join(path.dirname(page), file) : page;
          if (!existsSync(path.join(root, reached))) return true;
          return anchor !== undefined && !anchorsOf(read(reached)).includes(anchor);
        });
      expect(broken).to.deep.equal([]);
    });
  }

  it('finds links in text, in references and to headings', () => {
    const text = '# A `b`: c\n[x](y.md#z) ![p](q.png) `[no](no.md)`\n\n[r]: ../s.ts\n';
    expect(linksOf(text)).to.deep.equal(['y.md#z', 'q.png', '../s.ts']);
    expect(anchorsOf(text)).to.deep.equal(['a-b-c']);
  });
});
