import { dirname, join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';

let drawn = 0;

/** A chart as SVG. Its parts have names of their own, so that several can stand in one page. */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const [{ parse, View, Warn }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const quiet = { warn: () => quiet, info: () => quiet, debug: () => quiet, error: () => quiet, level: () => Warn };
  const view = new View(parse(compile(spec, { logger: quiet }).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const name = `c${++drawn}-`;
  return svg.replace(/\bid="(clip|gradient_)/g, `id="${name}$1`).replace(/url\(#(clip|gradient_)/g, `url(#${name}$1`);
}

/**
 * An SVG as a PNG picture, twice as large, so that it is sharp on dense screens. The font is brought along: resvg leaves out
 * all text, without a word, where it finds none.
 */
export async function svgToPng(svg: string): Promise<Buffer> {
  const { Resvg } = await import('@resvg/resvg-js');
  const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(fonts, name));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}
