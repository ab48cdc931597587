import { h } from './dom';

/** Pixels of the canvas along each side; the network sees fewer. */
const SIDE = 280;

/** A canvas to draw on, with a pointer or with keys. */
export interface Pad {
  readonly element: HTMLElement;
  /** What is drawn, reduced to the image's shape: from 0 to 255, row by row. */
  pixels(): Float32Array;
  isEmpty(): boolean;
  readonly clear: () => void;
  /** Draws an image, its pixels from 0 to 1, in place of what is there. */
  put(pixels: Float32Array): void;
}

const HELP =
  'With the keyboard: the arrow keys move the pen by a pixel of the network, with Shift by four. Space or Enter puts ' +
  'the pen down, and lifts it. Delete clears the pad.';

/**
 * An empty pad.
 * @param shape height and width of the image
 * @param background of the images that the network knows
 * @param changed called when something was drawn
 */
export function pad(
  [height, width]: readonly [number, number],
  background: 'dark' | 'light',
  changed: () => void,
): Pad {
  const canvas = h('canvas', { width: SIDE, height: SIDE, 'aria-hidden': 'true' });
  const pen = h('span', { class: 'marker', hidden: true });
  const surface = h(
    'div',
    { class: 'pad', tabindex: 0, role: 'application', 'aria-label': 'Drawing pad', 'aria-describedby': 'pad-help' },
    canvas,
    pen,
  );
  const says = h('p', { class: 'hidden', 'aria-live': 'polite' });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const small = h('canvas', { width, height }).getContext('2d', { willReadFrequently: true })!;
  const [paper, ink] = background === 'dark' ? ['#000', '#fff'] : ['#fff', '#000'];
  let empty = true;

  const line = (from: readonly [number, number], to: readonly [number, number]) => {
    Object.assign(context, { strokeStyle: ink, lineWidth: SIDE / 14, lineCap: 'round' });
    context.beginPath();
    context.moveTo(...from);
    // A line without length is not drawn.
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    empty = false;
    changed();
  };
  const clear = () => {
    context.fillStyle = paper!;
    context.fillRect(0, 0, SIDE, SIDE);
    empty = true;
    changed();
  };

  let last: [number, number] | undefined;
  const at = (event: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  surface.addEventListener('pointerdown', (event) => {
    surface.setPointerCapture(event.pointerId);
    last = at(event);
    line(last, last);
  });
  surface.addEventListener('pointermove', (event) => {
    if (!last) return;
    const next = at(event);
    line(last, next);
    last = next;
  });
  for (const name of ['pointerup', 'pointercancel'] as const) surface.addEventListener(name, () => (last = undefined));

  let [row, column, down] = [Math.floor(height / 2), Math.floor(width / 2), false];
  const center = (): [number, number] => [((column + 0.5) * SIDE) / width, ((row + 0.5) * SIDE) / height];
  const showPen = () => {
    pen.hidden = false;
    pen.classList.toggle('down', down);
    pen.style.cssText = `
      left: ${(100 * column) / width}%; top: ${(100 * row) / height}%;
      width: ${100 / width}%; height: ${100 / height}%`;
  };
  const say = () => {
    says.textContent = `Row ${row + 1} of ${height}, column ${column + 1} of ${width}, pen ${down ? 'down' : 'up'}.`;
  };
  const move = (rows: number, columns: number) => {
    const from = center();
    row = Math.min(height - 1, Math.max(0, row + rows));
    column = Math.min(width - 1, Math.max(0, column + columns));
    if (down) line(from, center());
  };
  const lift = () => (down = false);
  const press = () => {
    down = !down;
    if (down) line(center(), center());
  };
  surface.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const size = event.shiftKey ? 4 : 1;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(0, -size),
      ArrowRight: () => move(0, size),
      ArrowUp: () => move(-size, 0),
      ArrowDown: () => move(size, 0),
      ...{ ' ': press, Enter: press, Escape: lift, Delete: clear, Backspace: clear },
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]!();
    showPen();
    say();
    if (event.key === 'Delete' || event.key === 'Backspace') says.textContent = 'The pad is empty.';
  });
  surface.addEventListener('focus', () => {
    if (surface.matches(':focus-visible')) showPen();
  });
  surface.addEventListener('blur', () => {
    lift();
    pen.hidden = true;
  });

  return {
    element: h('div', {}, surface, says, h('p', { class: 'quiet pad-help', id: 'pad-help' }, HELP)),
    clear,
    isEmpty: () => empty,
    pixels() {
      small.imageSmoothingQuality = 'high';
      small.drawImage(canvas, 0, 0, width, height);
      const { data } = small.getImageData(0, 0, width, height);
      return Float32Array.from({ length: width * height }, (_, i) => data[4 * i]!);
    },
    put(pixels) {
      const image = small.createImageData(width, height);
      pixels.forEach((value, i) => image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
      small.putImageData(image, 0, 0);
      context.drawImage(small.canvas, 0, 0, SIDE, SIDE);
      empty = false;
      changed();
    },
  };
}
