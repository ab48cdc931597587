import { h } from '../drawing/dom';
import { formatCount, formatShare } from '../../../src/words';
import { largest, percent, show } from '../drawing/numbers';
import { captioned, picture, type Picture } from '../drawing/picture';
import { plot } from '../drawing/plot';
import { askWhenSeen, atMostEvery, type Book, whenQuiet } from '../store';
import { settingField } from '../settingField';

const UNITS = 24;
const MISTAKES = 12;
/** Milliseconds between two drawings of the weights. */
const EVERY = 400;
/** Milliseconds without a step after which the test images are evaluated again: a training that pauses in an epoch. */
const AT_REST = 800;

/** The training: settings, curves, weights, confusion matrix, mistakes. */
export function training(root: HTMLElement, book: Book): void {
  root.replaceChildren(controls(book), curves(book), weights(root, book), examination(root, book));
}

/** The fields of the settings that a training depends on. */
function controls(book: Book): HTMLElement {
  return h(
    'div',
    { class: 'controls' },
    settingField(book, 'lr', 'Learning rate', 'any'),
    settingField(book, 'width', 'Hidden units'),
    settingField(book, 'batchSize', 'Batch size'),
    settingField(book, 'seed', 'Seed'),
  );
}

/** Loss and accuracy as they come. */
function curves(book: Book): HTMLElement {
  const loss = plot('Loss of each batch', 'step', true);
  const accuracy = plot('Accuracy on the test images', 'epoch', true);
  let losses: [number, number][] = [];
  let accuracies: [number, number][] = [];
  let due = false;
  const draw = () => {
    due = false;
    loss.update([{ color: 1, points: losses }], losses.length > 0 ? `now ${show(losses.at(-1)![1])}` : 'no step yet');
    accuracy.update(
      [
        { color: 3, points: accuracies },
        { color: 3, kind: 'points', points: accuracies.slice(-1) },
      ],
      accuracies.length > 0 ? `now ${formatShare(accuracies.at(-1)![1])}` : 'no epoch yet',
      { y: [0, 1] },
    );
  };
  book.onProgress((progress) => {
    if (progress.type === 'reset') [losses, accuracies] = [[], []];
    if (progress.type === 'step') losses.push([progress.step, progress.loss]);
    if (progress.type === 'epoch') accuracies.push([progress.epoch, progress.testAccuracy!]);
    // A long training keeps about so many points.
    if (losses.length > 1200) losses = losses.filter((_, i) => i % 2 === 0);
    if (due) return;
    due = true;
    requestAnimationFrame(draw);
  });
  draw();
  return h('div', { class: 'row' }, loss.element, accuracy.element);
}

/** The weights of the first units, as pictures. */
function weights(root: HTMLElement, book: Book): HTMLElement {
  const { imageShape } = book.about;
  const grid = h('div', { class: 'weights', role: 'group', 'aria-label': 'Weights of hidden units' });
  const shown: Picture[] = [];
  const scale = h('p', { class: 'quiet' });
  const changed = askWhenSeen(root, async () => {
    const found = await book.ask('weights', UNITS);
    while (shown.length < found.length) {
      shown.push(picture(`Weights of unit ${shown.length}`, imageShape[1]));
      grid.append(shown.at(-1)!.element);
    }
    shown.forEach(({ element }, k) => (element.hidden = k >= found.length));
    const most = Math.max(...found.map(largest));
    found.forEach((values, k) => shown[k]!.draw(values, 'signed', most));
    scale.textContent = `The weights of the first ${found.length} hidden units; the full color is ±${show(most)}.`;
  });
  book.onView(atMostEvery(EVERY, changed));
  return h('div', {}, grid, scale);
}

/** What the network gets right on the test images. */
function examination(root: HTMLElement, book: Book): HTMLElement {
  const { classNames, testCount, imageShape } = book.about;
  const caption = h('caption');
  const cells = classNames.map(() => classNames.map(() => h('td')));
  const table = h(
    'table',
    { class: 'confusion' },
    caption,
    h(
      'thead',
      {},
      h('tr', {}, h('th', { scope: 'col' }, 'Class'), ...classNames.map((name) => h('th', { scope: 'col' }, name))),
    ),
    h('tbody', {}, ...classNames.map((name, c) => h('tr', {}, h('th', { scope: 'row' }, name), ...cells[c]!))),
  );
  const mistakes = h('div', { class: 'row mistakes' });
  const heading = h('h3', {}, 'The mistakes that the network is most certain of');
  const changed = askWhenSeen(root, async () => {
    const found = await book.ask('examine', MISTAKES);
    caption.textContent =
      `The network as it is now is right on ${percent(found.accuracy)} of the ${formatCount(testCount)} test images. ` +
      'Row: what it is; column: what the network says.';
    found.confusion.forEach((counts, c) => {
      const all = counts.reduce((sum, count) => sum + count, 0);
      counts.forEach((count, p) => {
        const cell = cells[c]![p]!;
        cell.textContent = String(count);
        cell.className = c === p ? 'right' : '';
        cell.style.setProperty('--share', String(all === 0 ? 0 : (0.5 * count) / all));
      });
    });
    mistakes.replaceChildren(
      ...found.mistakes.map(({ pixels, label, predicted, share }) => {
        const shown = picture(`Test image of ${classNames[label]!}`, imageShape[1]);
        shown.draw(pixels, 'gray');
        return captioned(shown, `${classNames[predicted]!}, ${percent(share)}; it is ${classNames[label]!}`);
      }),
    );
    root.dataset['accuracy'] = String(found.accuracy);
    root.dataset['steps'] = String(found.steps);
  });
  book.onProgress(({ type }) => {
    if (type === 'epoch' || type === 'reset') changed();
  });
  const atRest = whenQuiet(AT_REST, changed);
  let steps = -1;
  book.onView((view) => {
    if (view.steps !== steps) atRest();
    ({ steps } = view);
  });
  const scroll = h('div', { class: 'scroll', role: 'group', 'aria-label': 'Confusion matrix' }, table);
  return h('div', {}, scroll, heading, mistakes);
}
