import katex from 'katex';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { excerpt, wholeFile } from './source';
import type { About } from './page/about';

// The HTML of the site. A section is a file of HTML in sections/, with TeX between dollar signs, and
// {{code FILE NAME}} where a declaration of this checkout is shown.

const read = (file: string) => readFileSync(join(__dirname, file), 'utf8');

/**
 * The page itself.
 * @returns its HTML, and the source files that it links to
 */
export function indexPage(about: About): { html: string; files: readonly string[] } {
  const names = readdirSync(join(__dirname, 'sections')).sort();
  const files = new Set<string>();
  const contents: string[] = [];
  const sections = names.map((name) => {
    const text = read(`sections/${name}`);
    const [, id, title] = /<h2 id="(.+?)">(.+?)<\/h2>/s.exec(text)!;
    contents.push(`<li><a href="#${id!}">${title!}</a></li>`);
    const live = '<div class="live"><p class="waiting">This figure needs JavaScript.</p></div>';
    const withFigures = text.replace(/<figure data-figure="\w+">/g, `$&\n${live}`);
    return `<section aria-labelledby="${id!}">\n${withCode(withFormulas(withFigures), files)}</section>`;
  });
  const parts: Record<string, string> = {
    contents: contents.join('\n'),
    sections: sections.join('\n'),
    // Nothing in it can end the script element.
    about: JSON.stringify(about).replaceAll('<', '\\u003c'),
    things: about.name === 'fashion-mnist' ? 'clothes' : 'images',
    dataset: `${about.trainCount.toLocaleString('en-US')} images of ${about.name}`,
  };
  const html = withCode(withFormulas(read('page.html')), files).replace(
    /\{\{(\w+)\}\}/g,
    (_, part: string) => parts[part]!,
  );
  return { html, files: [...files].sort() };
}

/** A source file, each line with an anchor. */
export function sourcePage(file: string): string {
  const lines = wholeFile(file).map((line, i) => `<span class="line" id="L${i + 1}">${line}</span>`);
  return read('source.html')
    .replaceAll('{{file}}', file)
    .replace('{{lines}}', () => lines.join('\n'));
}

/** The address of a source file's page, from the page itself. */
export function sourceName(file: string): string {
  return `source/${file.replace(/\.ts$/, '').replaceAll('/', '-')}.html`;
}

/** Each formula as HTML, with MathML for screen readers. `$$` makes a line of its own. */
function withFormulas(text: string): string {
  return text.replace(/\$\$(.+?)\$\$|\$(.+?)\$/gs, (_, display?: string, inline?: string) => {
    const tex = (display ?? inline)!.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    return katex.renderToString(tex, { displayMode: display !== undefined, output: 'htmlAndMathml', strict: 'error' });
  });
}

function withCode(text: string, files: Set<string>): string {
  return text.replace(/\{\{code\s+(\S+)\s+(\w+)\}\}/g, (_, file: string, name: string) => {
    const { html, line } = excerpt(file, name);
    files.add(file);
    const link = `<a href="${sourceName(file)}#L${line}">${file}, line ${line}</a>`;
    const source = `<pre tabindex="0" role="group" aria-label="Source of ${name}"><code>${html}</code></pre>`;
    return `<div class="code"><p><code>${name}</code> ${link}</p>${source}</div>`;
  });
}
