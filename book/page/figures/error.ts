import { h } from '../drawing/dom';
import { rowOf, show } from '../drawing/numbers';
import { captioned, picture } from '../drawing/picture';
import { type Book, whenSeen } from '../store';

/** dO = (P - T) / n: the matrices of the batch, and the numbers of its first image. */
export function error(root: HTMLElement, book: Book): void {
  const { classNames } = book.about;
  const [P, T, dO] = ['Probabilities P', 'Targets T', 'The gradient dO'].map((name) =>
    picture(`${name}: four rows, one an image; ten columns, one a class`, 10),
  );
  const rows = classNames.map((name) => {
    const cells = [0, 1, 2, 3].map(() => h('td', { class: 'number' }));
    return { element: h('tr', {}, h('th', { scope: 'row' }, name), ...cells), cells };
  });
  const caption = h('caption');
  book.onView(
    whenSeen(root, (view) => {
      P!.draw(view.P, 'signed', 1);
      T!.draw(view.T, 'signed', 1);
      dO!.draw(view.dO, 'signed', 1 / view.n);
      const [p, t, d] = [view.P, view.T, view.dO].map((matrix) => rowOf(matrix, 0, 10));
      rows.forEach(({ element, cells }, c) => {
        [p![c]!, t![c]!, p![c]! - t![c]!, d![c]!].forEach((value, i) => (cells[i]!.textContent = show(value)));
        element.classList.toggle('right', t![c] === 1);
      });
      caption.textContent = `The first row, ${classNames[view.labels[0]!]!}; n = ${view.n}`;
      root.dataset['steps'] = String(view.steps);
    }),
  );
  root.replaceChildren(
    h(
      'div',
      { class: 'row pictures flat' },
      captioned(P!, 'P'),
      h('span', { class: 'sign' }, '−'),
      captioned(T!, 'T'),
      h('span', { class: 'sign' }, '= n ·'),
      captioned(dO!, 'dO'),
    ),
    h(
      'div',
      { class: 'scroll', role: 'group', 'aria-label': 'The first row of the matrices' },
      h(
        'table',
        {},
        caption,
        h(
          'thead',
          {},
          h('tr', {}, ...['Class', 'P', 'T', 'P − T', 'dO'].map((text) => h('th', { scope: 'col' }, text))),
        ),
        h('tbody', {}, ...rows.map(({ element }) => element)),
      ),
    ),
  );
}
