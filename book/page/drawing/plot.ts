import { h, svg } from './dom';
import { show, ticks } from './numbers';

/** A line of a plot, or single points. */
export interface Series {
  /** Its color, 1 to 6: of the shared look. */
  readonly color: number;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly kind?: 'line' | 'dashed' | 'points';
  /** Written above the plot. */
  readonly name?: string;
}

/** A plot of lines over two axes. */
export interface Plot {
  readonly element: HTMLElement;
  /** @param text what the plot says, for screen readers */
  update(series: readonly Series[], text: string, limits?: { readonly y?: readonly [number, number] }): void;
}

const [WIDTH, HEIGHT] = [380, 230];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 368, 24, 190];

/**
 * An empty plot.
 * @param whole the x axis counts something
 */
export function plot(title: string, xTitle: string, whole = false): Plot {
  const drawing = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', class: 'plot', 'aria-label': title });
  return {
    element: h('div', { class: 'plot-box' }, drawing),
    update(series, text, { y: limits } = {}) {
      const all = series.flatMap(({ points }) => points).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
      const [x0, x1] = range(all.map(([x]) => x));
      const [y0, y1] =
        limits ??
        range(
          all.map(([, y]) => y),
          0.05,
        );
      const at = ([x, y]: readonly [number, number]) => [
        LEFT + ((RIGHT - LEFT) * (x - x0)) / (x1 - x0),
        BOTTOM - ((BOTTOM - TOP) * (y - y0)) / (y1 - y0),
      ];
      drawing.setAttribute('aria-label', `${title}: ${text}`);
      drawing.replaceChildren(
        svg('text', { x: LEFT - 44, y: 14, class: 'title' }, title),
        svg('text', { x: RIGHT, y: HEIGHT - 6, 'text-anchor': 'end' }, xTitle),
        ...ticks(y0, y1).flatMap((value) => {
          const [, y] = at([x0, value]);
          return [
            svg('line', { x1: LEFT, x2: RIGHT, y1: y, y2: y, class: 'grid' }),
            svg('text', { x: LEFT - 6, y: y! + 4, 'text-anchor': 'end' }, tick(value)),
          ];
        }),
        ...ticks(x0, x1, 5)
          .filter((value) => !whole || Number.isInteger(value))
          .map((value) => {
            return svg('text', { x: at([value, y0])[0], y: BOTTOM + 16, 'text-anchor': 'middle' }, tick(value));
          }),
        svg('svg', CLIP, ...series.flatMap((one) => drawn(one, at))),
        svg(
          'text',
          { x: RIGHT, y: 14, 'text-anchor': 'end' },
          ...series.flatMap(({ name, color }) => {
            return name ? [svg('tspan', { class: 'name', style: colored(color), dx: 12 }, name)] : [];
          }),
        ),
      );
    },
  };
}

/** What a line passes outside the axes is not seen. */
const CLIP = {
  ...{ x: LEFT - 6, y: TOP - 6, width: RIGHT - LEFT + 12, height: BOTTOM - TOP + 12 },
  viewBox: `${LEFT - 6} ${TOP - 6} ${RIGHT - LEFT + 12} ${BOTTOM - TOP + 12}`,
};

const colored = (color: number) => `--color: var(--series-${color})`;

function drawn(
  { color, points, kind = 'line' }: Series,
  at: (point: readonly [number, number]) => number[],
): SVGElement[] {
  const finite = points.filter(([, y]) => Number.isFinite(y)).map(at);
  const style = colored(color);
  if (kind === 'points') return finite.map(([cx, cy]) => svg('circle', { cx, cy, r: 4.5, style }));
  return [svg('polyline', { points: finite.map((place) => place.join()).join(' '), class: kind, style })];
}

const tick = (value: number) =>
  value === 0 ? '0' : Math.abs(value) >= 1e-3 ? String(value).replace('-', '−') : show(value);

function range(values: readonly number[], margin = 0): [number, number] {
  if (values.length === 0) return [0, 1];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const around = margin * (most - least) || (most === least ? Math.abs(most) / 10 || 1 : 0);
  return [least - around, most + around];
}
