import { h } from '../drawing/dom';
import { show } from '../drawing/numbers';
import { plot } from '../drawing/plot';
import { askWhenSeen, atMostEvery, type Book } from '../store';

const POINTS = 41;
const STEPS = 10;
/** Milliseconds between two curves while a network trains. */
const EVERY = 1500;

/** The loss along the gradient, the step on it, and ten steps of that rate. */
export function update(root: HTMLElement, book: Book): void {
  const along = plot('Loss after one step', 'learning rate');
  const walk = plot('Loss of ten such steps', 'step', true);
  const slider = h('input', { type: 'range', min: -2, max: 2, step: 0.05, value: Math.log10(book.settings().rate) });
  const value = h('output');
  const says = h('p', { class: 'says', 'aria-live': 'polite' });
  const changed = askWhenSeen(root, async () => {
    const { rate } = book.settings();
    value.textContent = show(rate);
    const rates = Array.from({ length: POINTS }, (_, i) => (2 * rate * i) / (POINTS - 1));
    const found = await book.ask('descend', await book.rows(), rates, rate, STEPS);
    const [before, after] = [found.along[0]!, found.along[(POINTS - 1) / 2]!];
    const [least, most] = [Math.min(...found.along), Math.max(...found.along)];
    const margin = (most - least || 1) / 5;
    along.update(
      [
        { color: 1, points: rates.map((one, i) => [one, found.along[i]!] as const), name: 'loss' },
        {
          color: 2,
          kind: 'dashed',
          points: [0, 2 * rate].map((one) => [one, before + one * found.slope] as const),
          name: 'tangent',
        },
        {
          color: 1,
          kind: 'points',
          points: [
            [0, before],
            [rate, after],
          ],
        },
      ],
      `from ${show(before)} to ${show(after)} at rate ${show(rate)}`,
      { y: [least - margin, most + margin] },
    );
    walk.update(
      [
        { color: 1, points: found.walk.map((loss, i) => [i, loss] as const) },
        { color: 1, kind: 'points', points: found.walk.map((loss, i) => [i, loss] as const) },
      ],
      `from ${show(found.walk[0]!)} to ${show(found.walk.at(-1)!)}`,
    );
    const promised = before + rate * found.slope;
    says.textContent =
      `One step of rate ${show(rate)} takes the loss of the four images from ${show(before)} to ${show(after)}; ` +
      `the tangent promises ${show(promised)}. After ten steps it is ${show(found.walk.at(-1)!)}.`;
    root.dataset['after'] = String(after);
    root.dataset['rate'] = String(rate);
  });
  book.onView(atMostEvery(EVERY, changed));
  book.onSettings(['rate'], () => changed());
  slider.addEventListener('input', () => book.change({ rate: Number((10 ** slider.valueAsNumber).toPrecision(3)) }));
  root.replaceChildren(
    h('div', { class: 'controls' }, h('label', { class: 'long' }, 'Learning rate ', slider), value),
    h('div', { class: 'row' }, along.element, walk.element),
    says,
  );
}
