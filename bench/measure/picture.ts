import type { TopLevelSpec } from 'vega-lite';
import { svgToPng, toSvg } from '../../src/reports/render';
import { machineText } from './machine';
import type { BenchResult, WorkResult } from './result';
import { fastestFirst, networkText, starredName } from './resultTable';
import { median } from './rounds';

/**
 * Blue is handgrad's, gray is everybody else's; they differ in lightness as well, for those who see no colors. Darker: matrix
 * products.
 */
const INK = { handgrad: '#56a0d3', 'handgrad products': '#0b4f8a', peer: '#c9c9c9', 'peer products': '#8a8a8a' };

/** A bar that is more than so many times the median is cut: beside it, the others could not be told apart. */
const CUT = 3;

const WIDTH = 560;
const BAR = 28;

type Chart = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

/** The seconds of an epoch as bars, fastest first. */
function chartOf(result: WorkResult, isLast: boolean): Chart {
  const { work, rows } = result;
  const times = rows.map(({ secondsPerEpoch }) => secondsPerEpoch);
  const longest = CUT * median(times);
  const end = Math.max(...times.filter((seconds) => seconds <= longest));
  const native = rows.find(({ backend }) => backend === 'native')?.secondsPerEpoch;
  const values = fastestFirst(result).map((row) => {
    const { secondsPerEpoch: seconds, productShare, backend } = row;
    const cut = seconds > end;
    const times = native === undefined || backend === 'native' ? '' : `   ${twoDigits(seconds / native)} × native`;
    return {
      name: starredName(row),
      kind: backend ? 'handgrad' : 'peer',
      seconds: Math.min(seconds, end),
      // Of a bar that is cut nobody can see a part.
      products: productShare === undefined || cut ? undefined : productShare * seconds,
      label: `${cut ? '… ' : ''}${twoDigits(seconds)} s${times}`,
    };
  });
  const y = {
    field: 'name',
    type: 'nominal',
    sort: null,
    title: null,
    axis: { labelLimit: 400, labelFontSize: 14, labelPadding: 8, ticks: false, domain: false },
  } as const;
  // Room for the label behind the longest bar.
  const x = {
    field: 'seconds',
    type: 'quantitative',
    title: isLast ? 'seconds per epoch, evaluation included' : null,
    scale: { domainMin: 0, domainMax: 1.35 * end, nice: false },
    axis: { grid: false, labelFontSize: 13, titleFontSize: 13, titleFontWeight: 'normal', format: '~g' },
  } as const;
  const color = (kind: string) => ({
    field: kind,
    type: 'nominal' as const,
    scale: { domain: Object.keys(INK), range: Object.values(INK) },
    legend: null,
  });
  return {
    title: { text: `${work}: ${networkText(result)}`, anchor: 'start', frame: 'group', fontSize: 16, offset: 10 },
    width: WIDTH,
    height: { step: BAR },
    data: { name: work, values },
    layer: [
      { mark: { type: 'bar', height: 19 }, encoding: { y, x, color: color('kind') } },
      {
        transform: [{ filter: 'isValid(datum.products)' }, { calculate: "datum.kind + ' products'", as: 'part' }],
        mark: { type: 'bar', height: 19 },
        encoding: { y, x: { ...x, field: 'products' }, color: color('part') },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 13 },
        encoding: { y, x, text: { field: 'label' } },
      },
    ],
  };
}

const twoDigits = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0));

function specOf({ date, machine, works }: BenchResult): TopLevelSpec {
  const starred = works.some(({ rows }) => rows.some(({ samples }) => samples !== undefined));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: {
      text: 'An epoch of Fashion-MNIST: training and evaluation, in seconds (less is faster)',
      subtitle: [
        'Blue: handgrad. Gray: others. Darker: the part that the matrix products take at their own rate.',
        `${machineText(machine)}; ${date}`,
        versionsText(works),
        ...(starred ? ['* timed on some of the samples and multiplied; …: the bar is cut'] : []),
      ],
      anchor: 'start',
      fontSize: 18,
      subtitleFontSize: 13,
      subtitleLineHeight: 19,
      subtitleColor: '#444444',
      offset: 18,
    },
    vconcat: works.map((work, i) => chartOf(work, i === works.length - 1)),
    spacing: 26,
    config: { font: 'DejaVu Sans', view: { stroke: null } },
  };
}

/** `torch 2.13.0+cpu, jax 0.10.2, tfjs 4.22.0`: of everybody in the chart, each once. */
function versionsText(works: readonly WorkResult[]): string {
  const versions = works.flatMap(({ rows }) => rows.flatMap(({ about }) => Object.entries(about.versions ?? {})));
  const shown = versions.filter(([name]) => name !== 'node').map(([name, version]) => `${name} ${version}`);
  return [...new Set(shown)].join(', ');
}

/** The chart of all works, as SVG and as PNG. */
export async function draw(result: BenchResult): Promise<{ svg: string; png: Buffer }> {
  const svg = await toSvg(specOf(result));
  return { svg, png: await svgToPng(svg) };
}
