import { h } from '../drawing/dom';
import { largest, rowOf, show } from '../drawing/numbers';
import { captioned, picture } from '../drawing/picture';
import { type Book, whenSeen } from '../store';
import { UNITS_IN_ROW } from './hidden';

/** dZ = dH ⊙ 1[H > 0], for the first image. */
export function mask(root: HTMLElement, book: Book): void {
  const pick = (unit: number) => book.change({ unit });
  const dH = picture('dH, one cell a unit', UNITS_IN_ROW, pick);
  const step = picture('The mask: 1 where the unit is active', UNITS_IN_ROW, pick);
  const dZ = picture('dZ, one cell a unit', UNITS_IN_ROW, pick);
  const says = h('p', { class: 'says' });
  book.onView(
    whenSeen(root, (view) => {
      const { unit, width } = view;
      const [h0, arriving, leaving] = [view.H, view.dH, view.dZ].map((matrix) => rowOf(matrix, 0, width));
      const open = h0!.map((value) => (value > 0 ? 1 : 0));
      const scale = largest(arriving!);
      dH.draw(arriving!, 'signed', scale);
      step.draw(open, 'gray');
      dZ.draw(leaving!, 'signed', scale);
      dH.mark(unit, `unit ${unit}, dH = ${show(arriving![unit]!)}`);
      step.mark(unit, `unit ${unit}, ${open[unit] ? 'active' : 'inactive'}`);
      dZ.mark(unit, `unit ${unit}, dZ = ${show(leaving![unit]!)}`);
      const active = open.reduce((sum, one) => sum + one, 0);
      says.textContent =
        `${active} of ${width} units are active for this image. Unit ${unit}: dH = ${show(arriving![unit]!)}, ` +
        `H = ${show(h0![unit]!)}, so dZ = ${show(leaving![unit]!)}.`;
      root.dataset['active'] = String(active);
    }),
  );
  root.replaceChildren(
    h(
      'div',
      { class: 'row pictures' },
      captioned(dH, 'dH'),
      h('span', { class: 'sign' }, '⊙'),
      captioned(step, '1[H > 0]'),
      h('span', { class: 'sign' }, '='),
      captioned(dZ, 'dZ'),
    ),
    says,
  );
}
