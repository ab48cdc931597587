import type { About } from './about';
import { bar } from './bar';
import { FIGURES } from './figures';
import { scrollers } from './scrollers';
import { sameNumbers } from './sameNumbers';
import { openBook } from './store';

// The page's script: the text is there already; this makes its figures live.

const about = JSON.parse(document.getElementById('about')!.textContent) as About;
const book = openBook(about);
bar(document.getElementById('bar')!, book);
for (const root of document.querySelectorAll<HTMLElement>('[data-figure]')) {
  FIGURES[root.dataset['figure']!]!(root.querySelector<HTMLElement>('.live')!, book);
}
scrollers();
sameNumbers(document.getElementById('same')!, book);
