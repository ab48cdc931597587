import { button, h } from '../drawing/dom';
import { percent } from '../drawing/numbers';
import { pad } from '../drawing/pad';
import { picture } from '../drawing/picture';
import { askWhenSeen, type Book, whenQuiet } from '../store';

/** Milliseconds without a change after which the answer is read out. */
const SAY_AFTER = 600;

/** Something that the reader draws, and what the network makes of it. */
export function draw(root: HTMLElement, book: Book): void {
  const { classNames, imageShape, background } = book.about;
  const [height, width] = imageShape;
  const seen = picture('The image as the network sees it', width);
  const rows = classNames.map((name) => {
    const [bar, cell] = [h('span', { class: 'share' }), h('td', { class: 'number' })];
    return { element: h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, bar), cell), bar, cell };
  });
  const says = h('p', { class: 'says', 'aria-live': 'polite' });
  let [best, share] = [-1, 0];
  const say = whenQuiet(SAY_AFTER, () => {
    says.textContent =
      drawing.isEmpty() || best < 0 ? '' : `The network says: ${classNames[best]!}, ${percent(share)}.`;
  });

  const changed = askWhenSeen(root, async () => {
    const pixels = drawing.pixels();
    seen.draw(
      pixels.map((value) => value / 255),
      'gray',
    );
    const P = await book.ask('classify', pixels);
    share = Math.max(...P);
    best = P.indexOf(share);
    rows.forEach(({ element, bar, cell }, c) => {
      bar.style.setProperty('--share', percent(P[c]!));
      cell.textContent = percent(P[c]!);
      element.classList.toggle('right', c === best);
    });
    root.dataset['best'] = String(best);
    root.dataset['empty'] = String(drawing.isEmpty());
    say();
  });
  const drawing = pad([height, width], background, changed);
  /** An image of the data set, for those who cannot draw here, and as a start for those who can. */
  const put = async () => drawing.put((await book.examples)[book.classes()[0]!]!.pixels);
  let steps = -1;
  book.onView((view) => {
    if (view.steps !== steps) changed();
    ({ steps } = view);
  });
  root.replaceChildren(
    h(
      'div',
      { class: 'row draw' },
      h(
        'div',
        {},
        drawing.element,
        h(
          'div',
          { class: 'controls' },
          button('Clear', drawing.clear),
          button('Put in the chosen image', () => void put()),
        ),
      ),
      h('div', { class: 'captioned' }, seen.element, h('p', {}, 'what the network sees')),
      h('table', { class: 'logits' }, h('tbody', {}, ...rows.map(({ element }) => element))),
    ),
    says,
  );
  drawing.clear();
}
