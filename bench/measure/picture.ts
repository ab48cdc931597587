import type { TopLevelSpec } from 'vega-lite';
import { svgToPng, toSvg } from '../../src/reports/render';
import type { WorkResult } from './result';
import { median } from './rounds';

const INK = { handgrad: '#1b6ca8', peer: '#b0b0b0', products: '#0b3a5b' };

/** A bar that is more than so many times the median is cut: beside it, the others could not be told apart. */
const CUT = 4;

/** The seconds of an epoch as bars; the part that the products of matrices take is darker. */
function specOf({ work, hidden, batchSize, rows }: WorkResult): TopLevelSpec {
  const times = rows.map(({ secondsPerEpoch }) => secondsPerEpoch);
  const longest = CUT * median(times);
  const end = Math.max(...times.filter((seconds) => seconds <= longest));
  const isCut = (seconds: number) => seconds > end;
  const values = rows
    .toSorted((a, b) => a.secondsPerEpoch - b.secondsPerEpoch)
    .map(({ name, backend, secondsPerEpoch, productShare, samples }) => ({
      name: samples === undefined ? name : `${name} *`,
      kind: backend ? 'handgrad' : 'peer',
      seconds: Math.min(secondsPerEpoch, end),
      products: productShare === undefined ? undefined : productShare * Math.min(secondsPerEpoch, end),
      label: `${secondsPerEpoch.toFixed(secondsPerEpoch < 10 ? 2 : 0)}${isCut(secondsPerEpoch) ? ' …' : ''}`,
    }));
  const y = { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 400 } } as const;
  const x = {
    field: 'seconds',
    type: 'quantitative',
    title: 'seconds per epoch, evaluation included',
    scale: { domainMin: 0, domainMax: end },
  } as const;
  const starred = rows.some(({ samples }) => samples !== undefined);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: {
      text: `Fashion-MNIST, ${[784, ...hidden, 10].join('-')}, batch ${batchSize}`,
      subtitle: [
        'Dark: what the products of matrices take by themselves.',
        ...(starred ? ['* timed on some of the samples and multiplied'] : []),
        ...(times.some(isCut) ? ['… the bar is cut'] : []),
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

/** The chart of one work, as SVG and as PNG. */
export async function draw(result: WorkResult): Promise<{ svg: string; png: Buffer }> {
  const svg = await toSvg(specOf(result));
  return { svg, png: await svgToPng(svg) };
}
