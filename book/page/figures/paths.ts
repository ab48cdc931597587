import { h, svg } from '../drawing/dom';
import { largest, rowOf, show } from '../drawing/numbers';
import { captioned, picture } from '../drawing/picture';
import type { View } from '../engine/questions';
import { type Book, whenSeen } from '../store';

/** All the paths from one weight of W1 to the loss: through the ten logits of each image. */
export function paths(root: HTMLElement, book: Book): void {
  const { classNames, imageShape } = book.about;
  const dW = picture('The gradient of the unit’s weights; choose a pixel', imageShape[1], (pixel) =>
    book.change({ pixel }),
  );
  const drawing = svg('svg', { viewBox: '-20 0 660 330', class: 'paths', role: 'img' });
  const rows = [0, 1, 2, 3].map(() => [0, 1, 2, 3, 4].map(() => h('td', { class: 'number' })));
  const total = h('td', { class: 'number' });
  const names = rows.map(() => h('th', { scope: 'row' }));
  const says = h('p', { class: 'says' });
  let last: View | undefined;
  const draw = (view: View) => {
    last = view;
    const { pixel } = book.settings();
    const { unit, width, n } = view;
    const inputs = view.W1.length;
    dW.draw(view.dW1, 'signed');
    dW.mark(pixel, `pixel ${pixel}, gradient ${show(view.dW1[pixel]!)}`);
    drawPaths(drawing, view, pixel, classNames);
    let sum = 0;
    for (let r = 0; r < n; r++) {
      const x = view.X[r * inputs + pixel]!;
      const open = view.H[r * width + unit]! > 0 ? 1 : 0;
      const dO = rowOf(view.dO, r, 10);
      const through = view.W2.reduce((all, w, c) => all + w * dO[c]!, 0);
      sum += x * open * through;
      names[r]!.textContent = classNames[view.labels[r]!]!;
      [x, open, through, open * through, x * open * through].forEach((value, i) => {
        rows[r]![i]!.textContent = show(value);
      });
    }
    total.textContent = show(sum);
    says.textContent =
      `W1[${pixel}, ${unit}] reaches the loss along ${10 * n} paths. Added up, their products are ${show(sum)}; ` +
      `the product Xᵀ·dZ has ${show(view.dW1[pixel]!)} there.`;
    root.dataset['pixel'] = String(pixel);
  };
  const drawSeen = whenSeen(root, draw);
  book.onView(drawSeen);
  book.onSettings(['pixel'], () => last && drawSeen(last));
  const heads = ['Image', 'X[r, j]', 'mask', 'Σ W2[k, c] dO[r, c]', 'dZ[r, k]', 'X[r, j] · dZ[r, k]'];
  root.replaceChildren(
    h(
      'div',
      { class: 'row pictures' },
      captioned(dW, 'dW1[:, k]: choose a weight'),
      h('div', { class: 'wide', role: 'group', 'aria-label': 'The paths of the weight' }, drawing),
    ),
    h(
      'div',
      { class: 'scroll', role: 'group', 'aria-label': 'The sum over the images' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)))),
        h('tbody', {}, ...rows.map((cells, r) => h('tr', {}, names[r]!, ...cells))),
        h('tfoot', {}, h('tr', {}, h('th', { scope: 'row', colspan: 5 }, 'Sum: dW1[j, k]'), total)),
      ),
    ),
    says,
  );
}

/** The paths of the first image. The thicker a line, the larger its product; orange where it is below 0. */
function drawPaths(drawing: SVGElement, view: View, pixel: number, classNames: readonly string[]): void {
  const { unit } = view;
  const x = view.X[pixel]!;
  const open = view.H[unit]! > 0;
  const dO = rowOf(view.dO, 0, 10);
  const products = view.W2.map((w, c) => (open ? x * w * dO[c]! : 0));
  const most = largest(products);
  const path = (x1: number, y1: number, x2: number, y2: number, value: number, share: number) =>
    svg('line', {
      ...{ x1, y1, x2, y2, 'stroke-width': 1 + 6 * share },
      class: value === 0 ? 'path none' : 'path',
      style: `--color: var(--series-${value < 0 ? 2 : 1})`,
    });
  const node = (cx: number, text: string, value: string) => [
    svg('circle', { cx, cy: 165, r: 21, class: 'node' }),
    svg('text', { x: cx, y: 170, 'text-anchor': 'middle' }, text),
    svg('text', { x: cx, y: 204, 'text-anchor': 'middle', class: 'quiet' }, value),
  ];
  const label = (at: number, y: number, text: string) =>
    svg('text', { x: at, y, 'text-anchor': 'middle', class: 'quiet' }, text);
  const y = (c: number) => 22 + 31 * c;
  const z = view.Z[unit]!;
  const said = classNames.map((name, c) => `${name}: ${show(products[c]!)}`).join(', ');
  drawing.setAttribute('aria-label', `The product along each path of weight ${pixel} of unit ${unit}: ${said}`);
  drawing.replaceChildren(
    path(46, 165, 134, 165, x, most > 0 ? 0.4 : 0),
    path(176, 165, 264, 165, open ? 1 : 0, open ? 0.4 : 0),
    ...classNames.flatMap((_, c) => {
      const share = most > 0 ? Math.abs(products[c]!) / most : 0;
      return [path(306, 165, 420, y(c), products[c]!, share), path(530, y(c), 596, 165, products[c]!, share)];
    }),
    ...node(25, 'W1', show(view.W1[pixel]!)),
    ...node(155, 'Z', show(z)),
    ...node(285, 'H', show(Math.max(0, z))),
    ...node(615, 'L', ''),
    label(90, 148, `× X = ${show(x)}`),
    label(220, 148, `× ${open ? 1 : 0}`),
    label(350, 14, '× W2[k, c]'),
    label(580, 14, '× dO[c]'),
    ...classNames.flatMap((name, c) => [
      svg('rect', { x: 420, y: y(c) - 13, width: 110, height: 26, rx: 5, class: 'node' }),
      svg('text', { x: 475, y: y(c) + 4, 'text-anchor': 'middle' }, name.length > 13 ? `${name.slice(0, 12)}…` : name),
    ]),
  );
}
