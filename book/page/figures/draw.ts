import { button, h } from '../drawing/dom';
import { percent } from '../drawing/numbers';
import { picture } from '../drawing/picture';
import { type Book, oneAtATime } from '../store';

const SIDE = 280;

/** Something that the reader draws, and what the network makes of it. */
export function draw(root: HTMLElement, book: Book): void {
  const { classNames, imageShape, background } = book.about;
  const [height, width] = imageShape;
  const pad = h('canvas', { width: SIDE, height: SIDE, class: 'pad', role: 'img', 'aria-label': 'Draw here' });
  const context = pad.getContext('2d', { willReadFrequently: true })!;
  const seen = picture('The image as the network sees it', width);
  const rows = classNames.map((name) => {
    const [bar, share] = [h('span', { class: 'share' }), h('td', { class: 'number' })];
    return { element: h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, bar), share), bar, share };
  });
  const [paper, ink] = background === 'dark' ? ['#000', '#fff'] : ['#fff', '#000'];
  const small = h('canvas', { width, height }).getContext('2d', { willReadFrequently: true })!;

  const update = oneAtATime(async () => {
    small.imageSmoothingQuality = 'high';
    small.drawImage(pad, 0, 0, width, height);
    const { data } = small.getImageData(0, 0, width, height);
    const pixels = Float32Array.from({ length: width * height }, (_, i) => data[4 * i]!);
    seen.draw(
      pixels.map((value) => value / 255),
      'gray',
    );
    const P = await book.ask('classify', pixels);
    rows.forEach(({ element, bar, share }, c) => {
      bar.style.setProperty('--share', percent(P[c]!));
      share.textContent = percent(P[c]!);
      element.classList.toggle('right', P[c] === Math.max(...P));
    });
    root.dataset['best'] = String(P.indexOf(Math.max(...P)));
  });
  const clear = () => {
    context.fillStyle = paper!;
    context.fillRect(0, 0, SIDE, SIDE);
    update();
  };
  /** An image of the data set, for those who cannot draw here, and as a start for those who can. */
  const put = async () => {
    const found = await book.examples;
    const { pixels } = found[book.classes()[0]!]!;
    const image = small.createImageData(width, height);
    pixels.forEach((value, i) => image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
    small.putImageData(image, 0, 0);
    context.drawImage(small.canvas, 0, 0, SIDE, SIDE);
    update();
  };

  let last: [number, number] | undefined;
  const at = (event: PointerEvent): [number, number] => {
    const box = pad.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  pad.addEventListener('pointerdown', (event) => {
    pad.setPointerCapture(event.pointerId);
    last = at(event);
  });
  pad.addEventListener('pointermove', (event) => {
    if (!last) return;
    const next = at(event);
    Object.assign(context, { strokeStyle: ink, lineWidth: SIDE / 14, lineCap: 'round' });
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
    update();
  });
  for (const name of ['pointerup', 'pointercancel'] as const) pad.addEventListener(name, () => (last = undefined));
  let steps = -1;
  book.onView((view) => {
    if (view.steps !== steps) update();
    ({ steps } = view);
  });
  root.replaceChildren(
    h(
      'div',
      { class: 'row draw' },
      h(
        'div',
        {},
        pad,
        h(
          'div',
          { class: 'controls' },
          button('Clear', clear),
          button('Put in the chosen image', () => void put()),
        ),
      ),
      h('div', { class: 'captioned' }, seen.element, h('p', {}, 'what the network sees')),
      h('table', { class: 'logits' }, h('tbody', {}, ...rows.map(({ element }) => element))),
    ),
  );
  clear();
}
