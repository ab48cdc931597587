import { OF_TRAINING, sameTraining } from './settings';
import type { Book } from './store';

/** The footer: this page's loss after one epoch beside the library's. */
export function sameNumbers(root: HTMLElement, book: Book): void {
  const { reference, trainCount, name } = book.about;
  let backend = '';
  const command = () => {
    const { seed, lr, width, batchSize } = book.settings();
    return (
      `npm run handgrad -- train --dataset ${name} --limit ${trainCount} --epochs 1 --backend wasm ` +
      `--hidden ${width} --batch-size ${batchSize} --lr ${lr} --seed ${seed}`
    );
  };
  const isReference = () => sameTraining(book.settings(), reference);
  const says = root.querySelector<HTMLElement>('[data-same=says]')!;
  const describe = (loss?: number) => {
    root.querySelector('[data-same=command]')!.textContent = command();
    const library = isReference() ? `The library has ${reference.loss}.` : 'The library’s number: run the command.';
    if (loss === undefined) {
      says.textContent = `${library} This page has not trained an epoch yet.`;
      return;
    }
    const difference = Math.abs(loss - reference.loss);
    const verdict = !isReference()
      ? ''
      : difference === 0
        ? ' They are equal to the last bit.'
        : ` They differ by ${difference.toExponential(1)}.`;
    says.textContent = `${library} This page, on ${backend}, has ${loss}.${verdict}`;
    root.dataset['loss'] = String(loss);
  };
  let first: number | undefined;
  book.onProgress((progress) => {
    if (progress.type === 'reset') first = undefined;
    else if (progress.type === 'epoch' && progress.epoch === 1) first = progress.loss;
    else return;
    describe(first);
  });
  book.onSettings(OF_TRAINING, () => describe(first));
  describe();
  void book.opened.then(
    (found) => {
      backend = found;
      root.querySelector('[data-same=backend]')!.textContent = `This page computes on ${backend}.`;
      document.body.dataset['backend'] = backend;
    },
    () => {},
  );
}
