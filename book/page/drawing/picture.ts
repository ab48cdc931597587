import { h } from './dom';
import { largest } from './numbers';

/** How numbers become colors: gray from 0 to 1, or signed: blue above 0, orange below, the stronger the larger. */
export type Kind = 'gray' | 'signed';

/** A matrix shown as cells. */
export interface Picture {
  readonly element: HTMLElement;
  /** @param scale the value that gets the full color; the largest when left out */
  draw(values: ArrayLike<number>, kind: Kind, scale?: number): void;
  /** Marks a cell, and says what it is. */
  mark(index: number, text: string): void;
}

/** What decides on the colors: paper is white. */
const SCHEMES = [matchMedia('(prefers-color-scheme: dark)'), matchMedia('print')];

/** The colors of the shared look for what is above and below 0: told apart by color-blind readers. */
function signColors(): number[][] {
  const look = getComputedStyle(document.documentElement);
  return ['--series-1', '--series-2'].map((name) => {
    const color = look.getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  });
}

let colors = signColors();
const onScheme = (change: () => void) => SCHEMES.forEach((scheme) => scheme.addEventListener('change', change));
onScheme(() => (colors = signColors()));

/**
 * A picture of cells.
 * @param label what a screen reader calls it
 * @param pick makes it a control: is given the cell that a pointer or the arrow keys choose
 */
export function picture(label: string, columns: number, pick?: (index: number) => void): Picture {
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const marker = h('span', { class: 'marker', hidden: true });
  const element = h('div', { class: 'picture', 'aria-label': label, role: pick ? 'slider' : 'img' }, canvas, marker);
  let count = 0;
  let marked = 0;
  let paint = () => {};
  onScheme(() => paint());
  if (pick) {
    element.tabIndex = 0;
    element.classList.add('pick');
    const choose = (index: number) => {
      if (index >= 0 && index < count && index !== marked) pick(index);
    };
    const at = (event: PointerEvent) => {
      const box = canvas.getBoundingClientRect();
      const cell = (offset: number, size: number, cells: number) =>
        Math.min(cells - 1, Math.max(0, Math.floor((offset / size) * cells)));
      const column = cell(event.clientX - box.left, box.width, columns);
      choose(cell(event.clientY - box.top, box.height, canvas.height) * columns + column);
    };
    element.addEventListener('pointerdown', at);
    element.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse' || event.buttons > 0) at(event);
    });
    element.addEventListener('keydown', (event) => {
      const moves: Record<string, number> = {
        ...{ ArrowLeft: marked - 1, ArrowRight: marked + 1, ArrowUp: marked - columns, ArrowDown: marked + columns },
        ...{ Home: 0, End: count - 1 },
      };
      const next = moves[event.key];
      if (next === undefined) return;
      event.preventDefault();
      choose(next);
    });
  }
  return {
    element,
    draw(values, kind, scale = largest(values)) {
      count = values.length;
      [canvas.width, canvas.height] = [columns, Math.ceil(count / columns)];
      if (pick) {
        element.setAttribute('aria-valuemin', '0');
        element.setAttribute('aria-valuemax', String(count - 1));
      }
      paint = () => {
        const image = new ImageData(canvas.width, canvas.height);
        const [above, below] = colors;
        for (let i = 0; i < count; i++) {
          const value = values[i]!;
          const share = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
          if (kind === 'gray') image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i);
          else image.data.set([...(value > 0 ? above! : below!), 255 * share], 4 * i);
        }
        canvas.getContext('2d')!.putImageData(image, 0, 0);
      };
      paint();
    },
    mark(index, text) {
      marked = index;
      marker.hidden = false;
      const rows = Math.ceil(count / columns);
      marker.style.cssText = `
        left: ${(100 * (index % columns)) / columns}%; top: ${(100 * Math.floor(index / columns)) / rows}%;
        width: ${100 / columns}%; height: ${100 / rows}%`;
      element.setAttribute('aria-valuenow', String(index));
      element.setAttribute('aria-valuetext', text);
    },
  };
}

/** A picture with words below it. */
export function captioned(shown: Picture, ...words: readonly (Node | string)[]): HTMLElement {
  return h('div', { class: 'captioned' }, shown.element, h('p', {}, ...words));
}
