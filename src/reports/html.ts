import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pagesFolder } from '../files/places';

/** Marks what is HTML: a symbol of this file, which no JSON that was read can have. */
const MARKUP = Symbol('HTML');

/** Marks a page as one of these reports, which a later one may replace. */
export const GENERATOR = '<meta name="generator" content="handgrad" />';

/** Text that is HTML already. */
export interface Html {
  readonly [MARKUP]: string;
}

/** HTML from a template: values are escaped unless they are HTML. Lists are joined. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const shown = (value: unknown): string => {
    if (Array.isArray(value)) return value.map(shown).join('');
    if (isHtml(value)) return value[MARKUP];
    return escaped(typeof value === 'string' ? value : JSON.stringify(value));
  };
  return raw(parts.reduce((text, part, i) => text + shown(values[i - 1]!) + part));
}

function isHtml(value: unknown): value is Html {
  return typeof value === 'object' && value !== null && MARKUP in value;
}

/** Marks text as HTML, such as an SVG of our own. */
export function raw(text: string): Html {
  return { [MARKUP]: text };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A heading of a table; `number` columns are aligned right. */
export interface Column {
  readonly name: string;
  readonly number?: boolean;
}

/** A table that scrolls horizontally on a narrow screen, also by keyboard. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly (string | number | Html)[])[],
  sortable = false,
): Html {
  const cell = (value: string | number | Html, i: number) =>
    i === 0
      ? html`<th scope="row">${value}</th>`
      : html`<td class="${columns[i]!.number ? 'number' : ''}">${value}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table class="${sortable ? 'sortable' : ''}">
      <caption class="hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ name, number }) => html`<th scope="col" class="${number ? 'number' : ''}">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A number of a table with a bar. @param share its length, in [0, 1] */
export function bar(text: string, share: number): Html {
  return html`${text}<span class="bar" style="--share: ${(100 * share).toFixed(1)}%" aria-hidden="true"></span>`;
}

/** A chart with its caption, and its numbers as an accessible table. */
export function figure(svg: string, caption: string, numbers?: Html): Html {
  const data = numbers
    ? html`<details>
        <summary>Data</summary>
        ${numbers}
      </details>`
    : html``;
  return html`<figure>
    ${raw(svg)}
    <figcaption>${caption}</figcaption>
    ${data}
  </figure>`;
}

/** A section of a page, listed in its table of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

/** The content security policy of a report, wherever it comes from: its own style and script, embedded pictures. */
export async function reportPolicy(): Promise<string> {
  return policyOf(await readFile(join(pagesFolder(), 'report/script.js'), 'utf8'));
}

function policyOf(script: string): string {
  return [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/**
 * The whole page: one file that makes no requests. Its content security policy allows only its own style,
 * its own script and embedded pictures.
 */
export async function page(title: string, summary: Html, sections: readonly Section[]): Promise<string> {
  const [look, style, script] = await Promise.all(
    ['look.css', 'report/style.css', 'report/script.js'].map((name) => readFile(join(pagesFolder(), name), 'utf8')),
  );
  const policy = policyOf(script!);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        ${raw(GENERATOR)}
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          ${raw(look! + style!)}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <h1>${title}</h1>
          ${summary}
          <nav aria-label="Contents">
            <ul>
              ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main id="content">
          ${sections.map(
            ({ id, title, content }) =>
              html`<section id="${id}" aria-labelledby="${id}-title">
                <h2 id="${id}-title">${title}</h2>
                ${content}
              </section>`,
          )}
        </main>
        ${raw(`<script>${script!}</script>`)}
      </body>
    </html> `[MARKUP];
}
