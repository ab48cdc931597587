import { h } from '../drawing/dom';
import { picture } from '../drawing/picture';
import { settingField } from '../settingField';
import { askWhenSeen, type Book } from '../store';

const IN_ROW = 16;
const MOST = 64;

/** The images of one batch, in the order in which training takes them. */
export function batches(root: HTMLElement, book: Book): void {
  const [height, width] = book.about.imageShape;
  const mosaic = picture('The images of the batch', IN_ROW * width);
  mosaic.element.classList.add('mosaic');
  const says = h('p', { class: 'says', 'aria-live': 'polite' });
  const count = () => Math.ceil(book.about.trainCount / book.settings().batchSize);
  const changed = askWhenSeen(root, async () => {
    const settings = book.settings();
    const { epoch, batch } = settings;
    if (batch > count()) return book.change({ batch: count() });
    const { pixels, labels } = await book.ask('batchAt', settings, epoch - 1, batch - 1);
    const shown = Math.min(MOST, labels.length);
    mosaic.draw(tiled(pixels, shown, height, width), 'gray');
    const counts = book.about.classNames.map((name, c) => `${labels.filter((label) => label === c).length} ${name}`);
    says.textContent =
      `Batch ${batch} of ${count()} in epoch ${epoch}, seed ${settings.seed}: ${labels.length} images` +
      `${shown < labels.length ? `, the first ${shown} of them here` : ''}. ${counts.join(', ')}.`;
    root.dataset['first'] = pixels
      .subarray(0, height * width)
      .reduce((sum, pixel) => sum + pixel, 0)
      .toFixed(3);
  });
  book.onSettings(['epoch', 'batch', 'seed', 'batchSize'], () => changed());
  changed();
  const fields = [settingField(book, 'epoch', 'Epoch'), settingField(book, 'batch', 'Batch')];
  root.replaceChildren(h('div', { class: 'controls' }, ...fields), mosaic.element, says);
}

/** Images side by side, as one. */
function tiled(pixels: Float32Array, count: number, height: number, width: number): Float32Array {
  const rows = Math.ceil(count / IN_ROW);
  const all = new Float32Array(rows * height * IN_ROW * width);
  for (let i = 0; i < count; i++) {
    const [row, column] = [Math.floor(i / IN_ROW), i % IN_ROW];
    for (let y = 0; y < height; y++) {
      const from = (i * height + y) * width;
      all.set(pixels.subarray(from, from + width), ((row * height + y) * IN_ROW + column) * width);
    }
  }
  return all;
}
