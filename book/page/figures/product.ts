import { h } from '../drawing/dom';
import { largest, rowOf, show } from '../drawing/numbers';
import { captioned, picture } from '../drawing/picture';
import { type Book, whenSeen } from '../store';
import { settingField } from '../settingField';

/** dW = Xᵀ·dZ for one unit: the sum of the images, each times the unit's error for it. */
export function product(root: HTMLElement, book: Book): void {
  const columns = book.about.imageShape[1];
  const terms = [0, 1, 2, 3].map((r) => ({
    image: picture(`Image ${r}`, columns),
    factor: h('strong', { class: 'factor' }),
    part: picture(`Image ${r} times the error`, columns),
  }));
  const dW = picture('The column of dW1 that belongs to the unit', columns);
  const says = h('p', { class: 'says' });
  book.onView(
    whenSeen(root, (view) => {
      const { unit, width, n } = view;
      const inputs = view.W1.length;
      const errors = Array.from({ length: n }, (_, r) => view.dZ[r * width + unit]!);
      const parts = errors.map((error, r) => rowOf(view.X, r, inputs).map((pixel) => pixel * error));
      const scale = Math.max(...parts.map(largest), largest(view.dW1));
      terms.forEach(({ image, factor, part }, r) => {
        image.draw(rowOf(view.X, r, inputs), 'gray');
        factor.textContent = `× ${show(errors[r]!)}`;
        part.draw(parts[r]!, 'signed', scale);
      });
      dW.draw(view.dW1, 'signed', scale);
      const inactive = errors.filter((error) => error === 0).length;
      says.textContent =
        `dW1[:, ${unit}], up to ±${show(largest(view.dW1))}: 784 sums of ${n} products each.` +
        (inactive > 0 ? ` ${inactive} of the images count 0: the unit is inactive for them (see the mask below).` : '');
      root.dataset['unit'] = String(unit);
    }),
  );
  root.replaceChildren(
    h('div', { class: 'controls' }, settingField(book, 'unit', 'Unit')),
    h(
      'div',
      { class: 'row sum' },
      ...terms.flatMap(({ image, factor, part }, r) => [
        ...(r > 0 ? [h('span', { class: 'sign' }, '+')] : []),
        h('div', { class: 'term' }, image.element, factor, part.element),
      ]),
      h('span', { class: 'sign' }, '='),
      h('div', { class: 'term total' }, captioned(dW, 'the gradient of the unit’s weights')),
    ),
    says,
  );
}
