import { h } from '../drawing/dom';
import { largest, rowOf, show } from '../drawing/numbers';
import { captioned, picture } from '../drawing/picture';
import { type Book, whenSeen } from '../store';

/** How many cells of hidden units stand in a row. */
export const UNITS_IN_ROW = 16;

/** Z and H of one image, and what the chosen unit sums. */
export function hidden(root: HTMLElement, book: Book): void {
  const columns = book.about.imageShape[1];
  const pick = (unit: number) => book.change({ unit });
  const X = picture('The image X', columns);
  const Z = picture('Pre-activations Z, one cell a unit', UNITS_IN_ROW, pick);
  const H = picture('Activations H, one cell a unit', UNITS_IN_ROW, pick);
  const W = picture('The weights of the unit', columns);
  const product = picture('Image times weights, pixel by pixel', columns);
  const weightsOf = h('span');
  const sum = h('p', { class: 'says' });
  book.onView(
    whenSeen(root, (view) => {
      const { unit, width } = view;
      const image = rowOf(view.X, 0, view.W1.length);
      const z = rowOf(view.Z, 0, width);
      const activations = rowOf(view.H, 0, width);
      const products = image.map((pixel, j) => pixel * view.W1[j]!);
      const scale = largest(z);
      X.draw(image, 'gray');
      Z.draw(z, 'signed', scale);
      H.draw(activations, 'signed', scale);
      Z.mark(unit, `unit ${unit}, Z = ${show(z[unit]!)}`);
      H.mark(unit, `unit ${unit}, H = ${show(activations[unit]!)}`);
      W.draw(view.W1, 'signed');
      product.draw(products, 'signed');
      weightsOf.textContent = `unit ${unit}: its 784 weights, up to ±${show(largest(view.W1))}`;
      const total = products.reduce((all, value) => all + value, 0);
      const bias = view.b1 < 0 ? `− ${show(-view.b1)}` : `+ ${show(view.b1)}`;
      sum.textContent =
        `Unit ${unit}: the 784 products add up to ${show(total)}. Z = ${show(total)} ${bias} (the bias) = ` +
        `${show(z[unit]!)}, and H = max(Z, 0) = ${show(activations[unit]!)}.`;
      root.dataset['unit'] = String(unit);
    }),
  );
  root.replaceChildren(
    h(
      'div',
      { class: 'row pictures' },
      captioned(X, 'X: the image'),
      captioned(Z, 'Z: choose a unit'),
      captioned(H, 'H: orange has become 0'),
      captioned(W, weightsOf),
      captioned(product, 'image × weights, pixel by pixel'),
    ),
    sum,
  );
}
