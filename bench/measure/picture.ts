import type { TopLevelSpec } from 'vega-lite';
import { svgToPng, toSvg } from '../../src/reports/render';
import { machineText } from './machine';
import { type BenchResult, type Row, versionText, type WorkResult } from './result';
import { fastestFirst, networkText, starredName } from './resultTable';

/**
 * Blue for handgrad, gray for the others; they differ in lightness as well, for color blindness. Darker: matrix
 * products.
 */
const INK = { handgrad: '#56a0d3', 'handgrad products': '#0b4f8a', peer: '#c9c9c9', 'peer products': '#8a8a8a' };

/** A bar longer than so many times the shortest is cut, so that the fast ones stay distinguishable. */
const CUT = 6;

const WIDTH = 560;
const BAR = 28;

const longestBar = (rows: readonly Row[]) => CUT * Math.min(...rows.map(({ secondsPerEpoch }) => secondsPerEpoch));

type Chart = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

/** The seconds of an epoch as bars, fastest first. */
function chartOf(result: WorkResult): Chart {
  const { work, rows } = result;
  const times = rows.map(({ secondsPerEpoch }) => secondsPerEpoch);
  const end = Math.max(...times.filter((seconds) => seconds <= longestBar(rows)));
  const native = rows.find(({ backend }) => backend === 'native')?.secondsPerEpoch;
  const values = fastestFirst(result).map((row) => {
    const { secondsPerEpoch: seconds, productShare, backend } = row;
    const cut = seconds > end;
    const times = native === undefined || backend === 'native' ? '' : `  ·  ${twoDigits(seconds / native)} × native`;
    return {
      name: starredName(row),
      kind: backend ? 'handgrad' : 'peer',
      seconds: Math.min(seconds, end),
      gap: cut ? 0.97 * end : undefined,
      // A cut bar cannot show a share.
      products: productShare === undefined || cut ? undefined : productShare * seconds,
      label: `${twoDigits(seconds)} s${times}`,
    };
  });
  const y = {
    field: 'name',
    type: 'nominal',
    sort: null,
    title: null,
    axis: {
      labelFontWeight: { condition: { test: "datum.value === 'handgrad, native'", value: 'bold' }, value: 'normal' },
      labelColor: {
        condition: { test: "indexof(datum.value, 'handgrad') === 0", value: INK['handgrad products'] },
        value: '#222',
      },
      ...{ labelLimit: 400, labelFontSize: 14, labelPadding: 8, ticks: false, domain: false },
    },
  } as const;
  // Room for the label behind the longest bar.
  const x = {
    field: 'seconds',
    type: 'quantitative',
    scale: { domainMin: 0, domainMax: 1.35 * end, nice: false },
    // Every bar has its number.
    axis: null,
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
        transform: [{ filter: 'isValid(datum.gap)' }],
        mark: { type: 'tick', color: 'white', thickness: 4, size: 21, opacity: 1 },
        encoding: { y, x: { ...x, field: 'gap' } },
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
  const cut = works.some(({ rows }) => rows.some(({ secondsPerEpoch }) => secondsPerEpoch > longestBar(rows)));
  const starred = works.some(({ rows }) => rows.some(({ samples }) => samples !== undefined));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: {
      text: 'An epoch of Fashion-MNIST, training and evaluation: shorter is faster',
      subtitle: [
        'Blue: handgrad. Gray: others. Darker: its matrix products alone.',
        `${machineText(machine)}; ${date}.`,
        ...versionLines(works),
        [
          ...(cut ? ['A bar with a gap is longer than drawn.'] : []),
          ...(starred ? ['* timed on part of the samples and extrapolated.'] : []),
        ].join(' '),
      ],
      anchor: 'start',
      fontSize: 17,
      subtitleFontSize: 13,
      subtitleLineHeight: 19,
      subtitleColor: '#444444',
      offset: 18,
    },
    vconcat: works.map(chartOf),
    spacing: 26,
    config: { font: 'DejaVu Sans', view: { stroke: null } },
  };
}

/** A longer line would widen the picture. */
const LINE = 80;

/** `torch 2.13.0+cpu, jax 0.10.2, tfjs 4.22.0`: of all contenders in the chart, without duplicates, in lines. */
function versionLines(works: readonly WorkResult[]): string[] {
  const versions = new Set(works.flatMap(({ rows }) => rows.map(versionText)).filter((text) => text !== ''));
  const lines = [''];
  for (const version of versions) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = version;
    else if (line.length + version.length < LINE) lines[lines.length - 1] = `${line}, ${version}`;
    else lines.push(version);
  }
  return lines;
}

/** The chart of all works, as SVG and as PNG. */
export async function draw(result: BenchResult): Promise<{ svg: string; png: Buffer }> {
  const svg = await toSvg(specOf(result));
  return { svg, png: await svgToPng(svg) };
}
