import { button, choice, h } from '../drawing/dom';
import { percent, rowOf, show } from '../drawing/numbers';
import { type Book, oneAtATime, whenSeen } from '../store';

/** Logits that can be dragged, the probabilities they make, and the loss. */
export function softmax(root: HTMLElement, book: Book): void {
  const { classNames } = book.about;
  let logits = new Array<number>(10).fill(0);
  let label = book.settings().image;
  /** Until a slider is moved, the logits are those of the network. */
  let own = false;
  const sliders = classNames.map((name, c) => {
    const slider = h('input', { type: 'range', min: -10, max: 10, step: 0.1, 'aria-label': `Logit of ${name}` });
    slider.addEventListener('input', () => {
      own = true;
      logits[c] = slider.valueAsNumber;
      update();
    });
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
  const update = oneAtATime(async () => {
    const [asked, right] = [[...logits], label];
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
  const set = (values: readonly number[]) => {
    own = true;
    logits = [...values];
    update();
  };
  const classes = Object.fromEntries(classNames.map((name, c) => [String(c), name]));
  const select = choice('The right class is', classes, String(label), (value) => {
    label = Number(value);
    update();
  });
  const fromNetwork = () => {
    own = false;
    label = book.classes()[0]!;
    select.querySelector('select')!.value = String(label);
  };
  let network: readonly number[] = logits;
  book.onSettings(({ image }) => {
    if (image !== label && !own) fromNetwork();
  });
  book.onView(
    whenSeen(root, (view) => {
      network = [...rowOf(view.O, 0, 10)];
      if (own) return;
      logits = [...network];
      update();
    }),
  );
  root.replaceChildren(
    h(
      'div',
      { class: 'controls' },
      select,
      button('The network’s logits', () => {
        fromNetwork();
        logits = [...network];
        update();
      }),
      button('All ten times as large', () => set(logits.map((logit) => 10 * logit))),
      button('+10,000 and −10,000', () =>
        set(logits.map((_, c) => (c === label ? -1e4 : c === (label + 1) % 10 ? 1e4 : 0))),
      ),
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
