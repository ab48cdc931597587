import { button, choice, h } from '../drawing/dom';
import { show, showAll } from '../drawing/numbers';
import { plot } from '../drawing/plot';
import { askWhenSeen, atMostEvery, type Book } from '../store';
import { settingField } from '../settingField';

/** The parameters, and how they are written. */
const PARAMETERS = { W1: 'W1[j, k]', b1: 'b1[k]', W2: 'W2[k, c]', b2: 'b2[c]' } as const;
/** How far the curve goes to each side of the weight, and how many points it has. */
const RANGE = 3;
const POINTS = 61;
/** Milliseconds between two curves while a network trains. */
const EVERY = 1500;

/** One weight: the hand-written gradient beside the central difference, and the tangent on the loss. */
export function check(root: HTMLElement, book: Book): void {
  const { classNames } = book.about;
  const nameNow = () => {
    const { parameter } = book.settings();
    return Object.hasOwn(PARAMETERS, parameter) ? (parameter as keyof typeof PARAMETERS) : 'W1';
  };
  const curve = plot('Loss of the four images', 'value of the weight');
  const numbers = ['By hand', 'Central difference', 'They differ by'].map((text) => {
    const value = h('dd');
    return { element: h('div', {}, h('dt', {}, text), value), value };
  });
  const changed = askWhenSeen(root, async () => {
    const { unit, pixel, width, output } = book.settings();
    const name = nameNow();
    const index = { W1: pixel * width + unit, b1: unit, W2: unit * 10 + output, b2: output }[name];
    const found = await book.ask('check', await book.rows(), name, index, RANGE, POINTS);
    const { w, byHand, difference, loss, values, losses } = found;
    const tangent = [-RANGE, RANGE].map((d) => [w + d, loss + d * byHand] as const);
    const [least, most] = [Math.min(...losses), Math.max(...losses)];
    const margin = (most - least || Math.abs(least)) / 5;
    curve.update(
      [
        { color: 1, points: values.map((value, i) => [value, losses[i]!] as const), name: 'loss' },
        { color: 2, kind: 'dashed', points: tangent, name: 'tangent' },
        { color: 1, kind: 'points', points: [[w, loss]] },
      ],
      `at ${show(w)} the loss is ${show(loss)} and its slope ${show(byHand)}`,
      { y: [least - margin, most + margin] },
    );
    numbers[0]!.value.textContent = showAll(byHand);
    numbers[1]!.value.textContent = difference === undefined ? 'none: there is a corner' : showAll(difference);
    const scale = Math.max(Math.abs(byHand), Math.abs(difference ?? 0));
    numbers[2]!.value.textContent =
      difference === undefined ? '' : scale === 0 ? 'nothing' : `${show(Math.abs(byHand - difference) / scale)} of it`;
    root.dataset['byHand'] = String(byHand);
    root.dataset['difference'] = String(difference);
  });
  book.onView(atMostEvery(EVERY, changed));
  const unit = settingField(book, 'unit', 'unit k');
  const pixel = settingField(book, 'pixel', 'pixel j');
  const classes = Object.fromEntries(classNames.map((text, c) => [String(c), text]));
  const output = choice('class c', classes, String(book.settings().output), (value) => {
    book.change({ output: Number(value) });
  });
  const update = () => {
    const name = nameNow();
    pixel.hidden = name !== 'W1';
    unit.hidden = name === 'b2';
    output.hidden = !name.endsWith('2');
    changed();
  };
  const tensor = choice('Parameter', PARAMETERS, nameNow(), (parameter) => book.change({ parameter }));
  book.onSettings(['parameter', 'output', 'unit', 'pixel'], update);
  update();
  root.replaceChildren(
    h('div', { class: 'controls' }, tensor, pixel, unit, output),
    h('div', { class: 'row' }, curve.element, h('dl', { class: 'numbers' }, ...numbers.map(({ element }) => element))),
    all(book),
  );
}

/** The library's gradient check, of every parameter tensor. */
function all(book: Book): HTMLElement {
  const body = h('tbody');
  const table = h(
    'table',
    { hidden: true },
    h(
      'thead',
      {},
      h('tr', {}, ...['Parameters', 'Entries', 'Relative error'].map((text) => h('th', { scope: 'col' }, text))),
    ),
    body,
  );
  const start = button('Check 20 entries of each', () => {
    start.disabled = true;
    void (async () => {
      const results = await book.ask('checkAll', await book.rows(), 20);
      body.replaceChildren(
        ...results.map(({ name, entries, relativeError }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            h('td', { class: 'number' }, String(entries)),
            h('td', { class: 'number' }, show(relativeError)),
          ),
        ),
      );
      table.hidden = false;
    })().finally(() => (start.disabled = false));
  });
  return h('div', { class: 'all' }, h('p', {}, start), table);
}
