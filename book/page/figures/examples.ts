import { h } from '../drawing/dom';
import { picture } from '../drawing/picture';
import type { Book } from '../store';

/** One image of each class to choose from. */
export function examples(root: HTMLElement, book: Book): void {
  const { classNames } = book.about;
  const list = h('fieldset', { class: 'examples' }, h('legend', {}, 'The image that the figures follow'));
  const labels = classNames.map((name, label) => {
    const input = h('input', { type: 'radio', name: 'image', value: label });
    input.addEventListener('change', () => book.change({ image: label }));
    const shown = picture('', book.about.imageShape[1]);
    shown.element.removeAttribute('role');
    const element = h('label', {}, input, shown.element, h('span', {}, name));
    list.append(element);
    return { element, input, shown };
  });
  const mark = () => {
    const batch = book.classes();
    labels.forEach(({ element, input }, label) => {
      input.checked = label === batch[0];
      element.classList.toggle('in-batch', batch.includes(label));
    });
  };
  mark();
  book.onSettings(['image'], mark);
  void book.examples.then((found) => found.forEach(({ pixels }, label) => labels[label]!.shown.draw(pixels, 'gray')));
  root.replaceChildren(list);
}
