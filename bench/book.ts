import { buildBook } from '../book/build';
import { defaultDataDir } from '../src/data/defaultDataDir';
import { browserLacks, openBrowser, serve } from '../spec/browser';
import { inTemporaryFolder, median } from './measure/rounds';

// Times the book as its reader has it, in a Chromium, on wasm and with the post's settings: npm run bench:book.
// It exits 1 when an epoch takes longer, or the page is drawn less often, than the book promises on two cores.

/** Epochs that are timed; the median counts. */
const EPOCHS = 5;
const MOST_SECONDS = 3;
const LEAST_FRAMES = 30;

/** Counts frames, and notes when each epoch ends and how many there were by then. */
const WATCH = `{
  const at = () => [performance.now(), frames];
  let frames = 0;
  const count = () => { frames++; requestAnimationFrame(count); };
  count();
  window.epochs = [];
  new MutationObserver(() => window.epochs.push(at())).observe(document.body, { attributeFilter: ['data-epoch'] });
}`;

/** Seconds of an epoch, and frames in a second while it trains, at one place of the page. */
async function measure(url: string): Promise<{ seconds: number; frames: number }> {
  const browser = await openBrowser();
  try {
    const { page } = browser;
    await page.setViewport({ width: 1100, height: 850 });
    await page.goto(url);
    await page.waitForSelector('body[data-backend]');
    await page.evaluate(WATCH);
    await page.click('[data-bar=train]');
    // The first one also compiles.
    await page.waitForFunction(`window.epochs.length > ${EPOCHS}`, { timeout: 300_000, polling: 100 });
    const marks = (await page.evaluate('window.epochs')) as readonly (readonly [number, number])[];
    const spans = marks.slice(1).map(([end, frames], i) => {
      const [start, before] = marks[i]!;
      return { seconds: (end - start) / 1000, frames: frames - before };
    });
    return {
      seconds: median(spans.map(({ seconds }) => seconds)),
      frames: median(spans.map(({ seconds, frames }) => frames / seconds)),
    };
  } finally {
    await browser.close();
  }
}

async function measureBook(folder: string): Promise<void> {
  await buildBook({ folder, dataDir: process.env['HANDGRAD_DATA_DIR'] || defaultDataDir() });
  const server = await serve({ '': folder });
  try {
    for (const place of ['', '#backward', '#training']) {
      const { seconds, frames } = await measure(`${server.url}/?backend=wasm${place}`);
      const isMet = seconds <= MOST_SECONDS && frames >= LEAST_FRAMES;
      if (!isMet) process.exitCode = 1;
      console.log(
        `${isMet ? 'met' : 'missed'}: ${seconds.toFixed(2)} s an epoch (at most ${MOST_SECONDS}), ` +
          `${frames.toFixed(0)} frames a second (at least ${LEAST_FRAMES}) at ${place || 'the top'}`,
      );
    }
  } finally {
    server.close();
  }
}

if (browserLacks) throw new Error(browserLacks);
void inTemporaryFolder(measureBook);
