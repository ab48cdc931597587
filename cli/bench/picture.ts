import { readFile } from 'node:fs/promises';
import type { TopLevelSpec } from 'vega-lite';
import type { WorkResult } from './result';

const INK = { handgrad: '#1b6ca8', peer: '#b0b0b0', products: '#0b3a5b' };

/** The seconds of an epoch as bars, the part that the products of matrices take darker; logarithms are not needed to lie. */
function specOf({ work, hidden, batchSize, rows }: WorkResult): TopLevelSpec {
  const values = rows
    .toSorted((a, b) => a.secondsPerEpoch - b.secondsPerEpoch)
    .map(({ name, engine, secondsPerEpoch, productShare, samples }) => ({
      name: samples === undefined ? name : `${name} *`,
      kind: engine ? 'handgrad' : 'peer',
      seconds: secondsPerEpoch,
      products: productShare === undefined ? undefined : productShare * secondsPerEpoch,
      label: secondsPerEpoch < 10 ? secondsPerEpoch.toFixed(2) : secondsPerEpoch.toFixed(0),
    }));
  const y = { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 400 } } as const;
  const x = { field: 'seconds', type: 'quantitative', title: 'seconds per epoch, evaluation included' } as const;
  const starred = rows.some(({ samples }) => samples !== undefined);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: {
      text: `Fashion-MNIST, ${[784, ...hidden, 10].join('-')}, batch ${batchSize}`,
      subtitle: [
        'Dark: what the products of matrices take by themselves.',
        ...(starred ? ['* timed on some of the samples and multiplied'] : []),
      ],
      anchor: 'start',
    },
    width: 640,
    height: { step: 26 },
    data: { name: work, values },
    layer: [
      {
        mark: { type: 'bar', height: 18 },
        encoding: {
          y,
          x,
          color: {
            field: 'kind',
            type: 'nominal',
            scale: { domain: ['handgrad', 'peer'], range: [INK.handgrad, INK.peer] },
            legend: null,
          },
        },
      },
      {
        transform: [{ filter: 'isValid(datum.products)' }],
        mark: { type: 'bar', height: 18, color: INK.products },
        encoding: { y, x: { ...x, field: 'products' } },
      },
      { mark: { type: 'text', align: 'left', dx: 4 }, encoding: { y, x, text: { field: 'label' } } },
    ],
    config: { font: 'DejaVu Sans', view: { stroke: null } },
  };
}

/** The chart of one work, as SVG. Vega is large and loaded here, when a picture is asked for. */
export async function drawSvg(result: WorkResult): Promise<string> {
  const [vega, lite] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(lite.compile(specOf(result)).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The same as PNG, at twice the size in pixels, with the font that comes with handgrad: without one, no text is drawn. */
export async function drawPng(result: WorkResult): Promise<Buffer> {
  const { Resvg } = await import('@resvg/resvg-js');
  const font = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
  const bold = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf');
  await readFile(font); // resvg says nothing about a font that is not there
  const drawing = new Resvg(await drawSvg(result), {
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: false, fontFiles: [font, bold], defaultFontFamily: 'DejaVu Sans' },
  });
  return drawing.render().asPng();
}
