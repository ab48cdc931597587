import { choice, h, svg } from '../drawing/dom';
import { show } from '../drawing/numbers';
import { plot } from '../drawing/plot';
import { OF_TRAINING } from '../settings';
import { askWhenSeen, type Book } from '../store';
import type { STARTS } from '../engine/questions';

/** The steps that each start is tried for. */
const STEPS = 20;
const BINS = 41;

const NAMES: Record<keyof typeof STARTS, string> = {
  normal: 'normal, deviation 0.01 (the post)',
  large: 'normal, deviation 1',
  zeros: 'all 0',
  equal: 'all 0.01',
  he: 'He',
  glorot: 'Glorot',
};

/** The weights of W1 as they start, and the loss of the first steps. */
export function initialization(root: HTMLElement, book: Book): void {
  const histogram = svg('svg', { viewBox: '0 0 380 200', role: 'img', class: 'plot' });
  const losses = plot('Loss of the batch', 'step', true);
  const says = h('p', { class: 'says', 'aria-live': 'polite' });
  const known = (start: string): start is keyof typeof NAMES => Object.hasOwn(NAMES, start);
  const current = () => {
    const { start } = book.settings();
    return known(start) ? start : 'normal';
  };
  const select = choice('Start with', NAMES, current(), (start) => book.change({ start }));
  const changed = askWhenSeen(root, async () => {
    const start = current();
    const settings = book.settings();
    const { width } = settings;
    const found = await book.ask('begin', start, settings, STEPS);
    const [first] = found.losses;
    drawHistogram(histogram, found.weights);
    losses.update(
      [{ color: 1, points: found.losses.map((loss, i) => [i + 1, loss] as const) }],
      `from ${show(first!)} in step 1 to ${show(found.losses.at(-1)!)} in step ${found.losses.length}`,
    );
    says.textContent =
      `Loss ${show(first!)} in step 1, ${show(found.losses.at(-1)!)} in step ${found.losses.length}. ` +
      (found.distinct === width
        ? `All ${width} hidden units differ.`
        : `Different hidden units after these steps: ${found.distinct} of ${width}.`);
    root.dataset['start'] = start;
  });
  book.onSettings(['start', ...OF_TRAINING], () => changed());
  changed();
  root.replaceChildren(
    h('div', { class: 'controls' }, select),
    h('div', { class: 'row' }, h('div', { class: 'plot-box' }, histogram), losses.element),
    says,
  );
}

function drawHistogram(drawing: SVGElement, weights: Float32Array): void {
  const most = weights.reduce((found, w) => Math.max(found, Math.abs(w)), 0) || 0.01;
  const counts = new Array<number>(BINS).fill(0);
  for (const w of weights) counts[Math.min(BINS - 1, Math.floor(((w / most + 1) / 2) * BINS))]!++;
  const highest = Math.max(...counts);
  const text = (x: number, value: string) => svg('text', { x, y: 192, 'text-anchor': 'middle' }, value);
  drawing.setAttribute('aria-label', `Histogram of ${weights.length} weights between ${show(-most)} and ${show(most)}`);
  drawing.replaceChildren(
    svg('text', { x: 8, y: 14, class: 'title' }, `The ${weights.length.toLocaleString('en-US')} weights of W1`),
    ...counts.map((count, i) => {
      const height = (145 * count) / highest;
      return svg('rect', { x: 10 + (360 * i) / BINS, y: 172 - height, width: 360 / BINS - 1, height, class: 'bar' });
    }),
    svg('line', { x1: 10, x2: 370, y1: 172.5, y2: 172.5, class: 'grid' }),
    ...[text(30, show(-most)), text(190, '0'), text(350, show(most))],
  );
}
