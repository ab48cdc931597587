import { dirname, join } from 'node:path';
import { HandgradError } from '../errors';
import { visibleName } from '../words';
import type { TopLevelSpec } from 'vega-lite';

let drawn = 0;

/** A chart as SVG. Its ids are unique, so that several fit in one page. */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const [{ parse, View, Warn }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const quiet = { warn: () => quiet, info: () => quiet, debug: () => quiet, error: () => quiet, level: () => Warn };
  const view = new View(parse(compile(drawable(spec), { logger: quiet }).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const name = `c${++drawn}-`;
  return titled(svg)
    .replaceAll(MARK, '')
    .replace(/\bid="(clip|gradient_)/g, `id="${name}$1`)
    .replace(/url\(#(clip|gradient_)/g, `url(#${name}$1`);
}

/** A character for private use, which no visible name has. */
const MARK = '\ue000';

/**
 * A chart, or part of one, with any names. Control characters become visible: an SVG may not have them. A name that
 * every object has ends with a mark: Vega looks names up in plain objects, where "constructor" is found without being
 * there.
 */
function drawable<Part>(part: Part): Part {
  if (typeof part === 'string') return (part in {} ? `${part}${MARK}` : visibleName(part)) as Part;
  if (Array.isArray(part)) return part.map(drawable) as Part;
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, drawable<unknown>(value)])) as Part;
}

/** A mark with what it says, as Vega writes it for screen readers. */
const DESCRIBED =
  /<(path|rect|line)([^>]*?) aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="[^"]*"([^>]*?)\/>/g;

/**
 * What a mark says becomes its title, which browsers show under the pointer. Screen readers have the table of the chart
 * instead of thousands of labels.
 */
function titled(svg: string): string {
  return svg.replace(DESCRIBED, '<$1$2$4><title>$3</title></$1>');
}

/**
 * An SVG as a PNG picture, twice as large, so that it is sharp on dense screens.
 * The font is included: without one, resvg silently omits all text.
 */
export async function svgToPng(svg: string): Promise<Buffer> {
  const { Resvg } = await loadResvg();
  const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(fonts, name));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}

/** Its binary is an optional dependency, which an installation may have left out. */
async function loadResvg() {
  try {
    return await import('@resvg/resvg-js');
  } catch (error) {
    const remedy = 'install it with "npm install --include=optional @resvg/resvg-js", or leave `png` out';
    throw new HandgradError(
      'backend',
      `The package resvg, which makes pictures of charts, does not load here; ${remedy}.`,
      {
        cause: error,
      },
    );
  }
}
