import { formatShare, formatSeconds } from '../../src/words';
import { show } from './drawing/numbers';
import type { Book } from './store';

/** The bar at the bottom: trains, pauses, resets, and says where the training is. */
export function bar(root: HTMLElement, book: Book): void {
  const element = (name: string) => root.querySelector<HTMLElement>(`[data-bar=${name}]`)!;
  const [train, step, reset] = ['train', 'step', 'reset'].map((name) => element(name) as HTMLButtonElement);
  let running = false;
  let accuracy: number | undefined;
  const runs = (next: boolean) => {
    running = next;
    train!.textContent = running ? 'Pause' : 'Train';
    document.body.dataset['running'] = String(running);
  };
  const say = (text: string) => (element('says').textContent = text);
  const untrained = () => say('The network is untrained.');
  train!.addEventListener('click', () => {
    runs(!running);
    void book.ask(running ? 'run' : 'pause');
  });
  step!.addEventListener('click', () => {
    runs(false);
    void book.ask('step');
  });
  reset!.addEventListener('click', () => void book.ask('reset', book.settings()));
  prints(
    book,
    () => runs(false),
    () => running,
  );
  book.onProgress((progress) => {
    if (progress.type === 'diverged') {
      runs(false);
      document.body.dataset['diverged'] = 'true';
      return say(progress.message);
    }
    if (progress.type === 'reset') {
      runs(false);
      accuracy = undefined;
      document.body.dataset['steps'] = '0';
      delete document.body.dataset['diverged'];
      return untrained();
    }
    if (progress.type === 'epoch') {
      accuracy = progress.testAccuracy;
      document.body.dataset['epoch'] = String(progress.epoch);
      document.body.dataset['accuracy'] = String(accuracy);
      element('epoch').textContent =
        `Epoch ${progress.epoch}: loss ${formatShare(progress.loss)}, test accuracy ${formatShare(accuracy!)}, ` +
        `${formatSeconds(progress.seconds)}.`;
    } else {
      document.body.dataset['steps'] = String(progress.step);
      const right = accuracy === undefined ? '' : ` · test accuracy ${formatShare(accuracy)}`;
      say(`Epoch ${progress.epoch} · step ${progress.step} · loss ${show(progress.loss)}${right}`);
    }
  });
  book.opened.then(
    () => {
      const buttons = [...root.querySelectorAll('button'), document.querySelector<HTMLButtonElement>('#print')!];
      for (const one of buttons) one.disabled = false;
      untrained();
    },
    (error: Error) => say(error.message),
  );
}

/** Prints the page in a fixed state: the training pauses, and every figure shows the network as it then is. */
function prints(book: Book, pause: () => void, isRunning: () => boolean): void {
  const print = async () => {
    pause();
    await book.settle();
    window.print();
  };
  document.querySelector('#print')!.addEventListener('click', () => void print());
  addEventListener('keydown', (event) => {
    if (!isRunning() || !(event.ctrlKey || event.metaKey) || event.key !== 'p') return;
    event.preventDefault();
    void print();
  });
  // Printed from a menu: nothing that takes time can happen any more.
  addEventListener('beforeprint', () => {
    if (!isRunning()) return;
    pause();
    void book.ask('pause');
  });
}
