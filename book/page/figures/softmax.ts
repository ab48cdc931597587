import { button, choice, h } from '../drawing/dom';
import { percent, rowOf, show } from '../drawing/numbers';
import { readLogits, writeLogits } from '../settings';
import { askWhenSeen, type Book } from '../store';

/** Logits that can be dragged, the probabilities they make, and the loss. */
export function softmax(root: HTMLElement, book: Book): void {
  const { classNames } = book.about;
  let network: readonly number[] = new Array<number>(10).fill(0);
  /** Until a slider is moved, the logits are those of the network. */
  const logitsNow = () => readLogits(book.settings().logits) ?? network;
  const rightNow = () => {
    const { right, image } = book.settings();
    return right < 0 ? image : right;
  };
  const set = (logits: readonly number[]) => book.change({ logits: writeLogits(logits), right: rightNow() });
  const sliders = classNames.map((name, c) => {
    const slider = h('input', { type: 'range', min: -10, max: 10, step: 0.1, 'aria-label': `Logit of ${name}` });
    slider.addEventListener('input', () => set(logitsNow().with(c, slider.valueAsNumber)));
    return slider;
  });
  const rows = classNames.map((name, c) => {
    const [logit, bar, share] = [
      h('td', { class: 'number' }),
      h('span', { class: 'share' }),
      h('td', { class: 'number' }),
    ];
    const element = h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', {}, sliders[c]!),
      logit,
      h('td', {}, bar),
      share,
    );
    return { element, logit, bar, share };
  });
  const says = h('p', { class: 'says', 'aria-live': 'polite' });
  const losses = [
    'From the logits, in one',
    'Softmax, then the logarithm',
    'The same without subtracting m, as the post',
  ].map((text) => {
    const value = h('dd');
    return { element: h('div', {}, h('dt', {}, text), value), value };
  });
  const changed = askWhenSeen(root, async () => {
    const [asked, right] = [logitsNow(), rightNow()];
    select.querySelector('select')!.value = String(right);
    const { P, loss, separate, post } = await book.ask('lossOf', asked, right);
    rows.forEach(({ element, logit, bar, share }, c) => {
      sliders[c]!.value = String(asked[c]!);
      logit.textContent = show(asked[c]!);
      bar.style.setProperty('--share', percent(P[c]!));
      share.textContent = percent(P[c]!);
      element.classList.toggle('right', c === right);
    });
    says.textContent =
      `The right class, ${classNames[right]!}, has the probability ${show(P[right]!)}. ` +
      'The loss is −log of it, computed in three ways:';
    [loss, separate, post].forEach((value, i) => (losses[i]!.value.textContent = show(value)));
    root.dataset['loss'] = String(loss);
  });
  const classes = Object.fromEntries(classNames.map((name, c) => [String(c), name]));
  const select = choice('The right class is', classes, String(rightNow()), (value) => {
    book.change({ right: Number(value) });
  });
  book.onSettings(['logits', 'right'], () => changed());
  book.onView((view) => {
    network = [...rowOf(view.O, 0, 10)];
    if (!readLogits(book.settings().logits)) changed();
  });
  if (readLogits(book.settings().logits)) changed();
  root.replaceChildren(
    h(
      'div',
      { class: 'controls' },
      select,
      button('The network’s logits', () => book.change({ logits: '', right: -1 })),
      button('All ten times as large', () => set(logitsNow().map((logit) => 10 * logit))),
      button('+10,000 and −10,000', () => {
        const right = rightNow();
        set(classNames.map((_, c) => (c === right ? -1e4 : c === (right + 1) % 10 ? 1e4 : 0)));
      }),
    ),
    h(
      'table',
      { class: 'logits' },
      h(
        'thead',
        {},
        h('tr', {}, ...['Class', 'Drag', 'O', 'P', 'P in %'].map((text) => h('th', { scope: 'col' }, text))),
      ),
      h('tbody', {}, ...rows.map(({ element }) => element)),
    ),
    says,
    h('dl', { class: 'numbers flat' }, ...losses.map(({ element }) => element)),
  );
}
