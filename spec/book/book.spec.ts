import { expect } from 'chai';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBook } from '../../book/build';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { browserLacks, openBrowser, type Opened, serve } from '../browser';
import { session } from '../cli/session';
import { need } from '../need';

const dataDir = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();

describe('the book in a browser', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'handgrad-book-'));
  const site = join(folder, 'site');
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Opened;

  before(async function () {
    need(this, browserLacks);
    const images = join(dataDir, 'fashion-mnist');
    need(this, existsSync(images) ? undefined : `there is no ${images}; "handgrad download" fetches it`);
    await buildBook({ folder: site, dataDir });
    // Under a path, as on a server of many sites.
    server = await serve({ some: site });
    browser = await openBrowser();
    await browser.page.setViewport({ width: 1000, height: 800 });
  });
  after(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    expect(browser.complaints).to.deep.equal([]);
    const strange = browser.requests.filter(
      (url) => !url.startsWith(`${server.url}/some/`) && !/^(data|blob):/.test(url),
    );
    expect(strange).to.deep.equal([]);
  });

  const evaluate = <T = unknown>(script: string) => browser.page.evaluate(script) as Promise<T>;
  const until = (script: string) => browser.page.waitForFunction(script, { polling: 50, timeout: 60_000 });
  const press = (name: string) => browser.page.click(`[data-bar=${name}]`);
  const steps = async () => Number(await evaluate('document.body.dataset.steps'));

  async function open(search: string): Promise<void> {
    await browser.page.goto(`${server.url}/some/${search}`);
    await browser.page.waitForSelector('body[data-backend]');
  }

  /** Scrolls to a figure, and waits until it has drawn: until its data has `key`. */
  async function figure(name: string, key: string): Promise<{ data: string; selector: string }> {
    const selector = `[data-figure=${name}] .live`;
    const data = `document.querySelector('${selector}').dataset`;
    await evaluate(`document.querySelector('${selector}').scrollIntoView({ block: 'center', behavior: 'instant' })`);
    await until(`${data}.${key} !== undefined`);
    return { data, selector };
  }

  /** Trains for so many epochs, and pauses. */
  async function train(epochs: number): Promise<void> {
    await press('train');
    await until(`Number(document.body.dataset.epoch) >= ${epochs} || document.body.dataset.diverged === 'true'`);
    await press('train');
  }

  it('is smaller than 12 MB, and readable before its scripts arrive', async () => {
    const files = (readdirSync(site, { recursive: true }) as string[]).map((name) => statSync(join(site, name)));
    const size = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    expect(size).to.be.below(12e6);
    const { page } = browser;
    await page.setJavaScriptEnabled(false);
    await page.goto(`${server.url}/some/`);
    const text = await evaluate("document.getElementById('content').textContent");
    await page.setJavaScriptEnabled(true);
    expect(text).to.contain('Multiply along each path, and add up the paths.').and.to.contain('needs JavaScript');
  });

  it('computes what the library computes, to the last bit on wasm, and still moves while it trains', async () => {
    await open('?backend=wasm');
    await evaluate(
      '{ let frames = 0; const count = () => requestAnimationFrame(count, (window.frames = ++frames)); count() }',
    );
    const started = performance.now();
    await train(1);
    const seconds = (performance.now() - started) / 1000;
    expect((await evaluate<number>('frames')) / seconds, 'frames a second').to.be.above(5);
    expect(await evaluate("document.querySelector('[data-same=says]').textContent")).to.contain(
      'equal to the last bit',
    );
  });

  it('computes what handgrad train computes with the same settings, on wasm and on WebGL', async () => {
    const settings = ['--hidden', '16', '--batch-size', '1000', '--lr', '0.3', '--seed', '5', '--epochs', '1'];
    const run = join(folder, 'run');
    const { code, stderr } = await session([
      ...[
        'train',
        '--data-dir',
        dataDir,
        '--limit',
        '12000',
        '--backend',
        'wasm',
        '--run-dir',
        run,
        '--no-tensorboard',
      ],
      ...settings,
    ]);
    expect(code, stderr).to.equal(0);
    const [epoch] = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n');
    const { loss } = JSON.parse(epoch!) as { loss: number };
    for (const [backend, tolerance] of [
      ['wasm', 0],
      ['webgl', 1e-4],
    ] as const) {
      await open(`?backend=${backend}&width=16&batchSize=1000&lr=0.3&seed=5`);
      expect(await evaluate('document.body.dataset.backend')).to.equal(backend);
      const command = await evaluate("document.querySelector('[data-same=command]').textContent");
      for (let i = 0; i < settings.length; i += 2) expect(command).to.contain(`${settings[i]!} ${settings[i + 1]!}`);
      await train(1);
      expect(Number(await evaluate("document.getElementById('same').dataset.loss"))).to.be.closeTo(loss, tolerance);
    }
  });

  it('trains to 0.75 on the test images; pause and reset hold', async () => {
    await open('?backend=wasm&lr=0.5&width=64');
    await press('train');
    await until('Number(document.body.dataset.accuracy) > 0.75 || Number(document.body.dataset.epoch) >= 12');
    expect(Number(await evaluate('document.body.dataset.accuracy'))).to.be.above(0.75);
    await press('train');
    // The step that was under way ends.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const paused = await steps();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await steps()).to.equal(paused);
    await press('step');
    await until(`Number(document.body.dataset.steps) === ${paused + 1}`);
    const { data } = await figure('training', 'accuracy');
    await until(`Number(${data}.accuracy) > 0.5`);
    await press('reset');
    await until("document.body.dataset.steps === '0'");
    await until(`Number(${data}.accuracy) < 0.3`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await steps()).to.equal(0);
  });

  it('keeps what was chosen in the address, and reads it there', async () => {
    const { page } = browser;
    await open('?backend=wasm&width=16');
    await figure('training', 'accuracy');
    await evaluate(`{
      const field = document.querySelector('[name=lr]');
      field.value = '0.25';
      field.dispatchEvent(new Event('change'));
    }`);
    await page.focus('[name=image]:checked');
    await page.keyboard.press('ArrowRight');
    await until("location.search.includes('image=0')");
    await page.reload();
    await page.waitForSelector('body[data-backend]');
    const chosen = "[document.querySelector('[name=lr]').value, document.querySelector('[name=image]:checked').value]";
    expect(await evaluate(chosen)).to.deep.equal(['0.25', '0']);
    expect(await evaluate("document.querySelector('[name=width]').value")).to.equal('16');
  });

  it('shows the network as it is when a training pauses', async () => {
    await open('?backend=wasm&width=16');
    const { data } = await figure('error', 'steps');
    await press('train');
    await until('Number(document.body.dataset.steps) > 10');
    await press('train');
    await until(`document.body.dataset.running === 'false' && ${data}.steps === document.body.dataset.steps`);
  });

  it('says what is wrong with an unknown backend', async () => {
    await browser.page.goto(`${server.url}/some/?backend=abacus`);
    await until(`document.querySelector('[data-bar=says]').textContent.includes('no backend "abacus"')`);
    expect(await evaluate("document.querySelector('[data-bar=train]').disabled")).to.be.true;
  });

  it('says that a training diverged, in the library’s words', async () => {
    await open('?backend=wasm&width=16&lr=1e38');
    await press('train');
    await until("document.body.dataset.diverged === 'true' || Number(document.body.dataset.epoch) > 3");
    const says = await evaluate("document.querySelector('[data-bar=says]').textContent");
    expect(says).to.contain('Training diverged');
  });

  describe('its figures', () => {
    before(() => open('?backend=wasm&width=64'));

    it('initialization: units that start equal stay equal', async () => {
      const { data, selector } = await figure('initialization', 'start');
      await browser.page.select(`${selector} select`, 'equal');
      await until(`${data}.start === 'equal'`);
      expect(await evaluate(`document.querySelector('${selector}').textContent`)).to.contain('1 of 64');
      await browser.page.select(`${selector} select`, 'normal');
    });

    it('hidden: the arrow keys choose a unit, for every figure', async () => {
      const { page } = browser;
      const { data, selector } = await figure('hidden', 'unit');
      await page.focus(`${selector} [role=slider]`);
      await page.keyboard.press('ArrowRight');
      await until(`${data}.unit === '9'`);
      const picture = await page.$(`${selector} [role=slider]`);
      const box = (await picture!.boundingBox())!;
      await page.mouse.click(box.x + 2, box.y + 2);
      await until(`${data}.unit === '0'`);
      const product = await figure('product', 'unit');
      await until(`${product.data}.unit === '0'`);
    });

    it('softmax: at ±10,000 the loss is right in one way, and infinite in the others', async () => {
      const { data, selector } = await figure('softmax', 'loss');
      const before = Number(await evaluate(`${data}.loss`));
      expect(before).to.be.closeTo(Math.log(10), 0.1);
      await browser.page.focus(`${selector} input[type=range]`);
      await browser.page.keyboard.press('End');
      await until(`Number(${data}.loss) > 9`);
      await browser.page.click(`${selector} button:last-of-type`);
      await until(`Number(${data}.loss) === 20000`);
      const losses = await evaluate(`[...document.querySelectorAll('${selector} dd')].map((dd) => dd.textContent)`);
      expect(losses).to.deep.equal(['20000', '∞', 'NaN']);
    });

    it('error, mask: follow the training', async () => {
      const error = await figure('error', 'steps');
      const before = Number(await evaluate(`${error.data}.steps`));
      await press('step');
      await until(`Number(${error.data}.steps) > ${before}`);
      const mask = await figure('mask', 'active');
      expect(Number(await evaluate(`${mask.data}.active`))).to.be.within(1, 64);
    });

    it('paths: the paths of a weight add up to the product’s entry', async () => {
      const { page } = browser;
      const { data, selector } = await figure('paths', 'pixel');
      await page.focus(`${selector} [role=slider]`);
      await page.keyboard.press('ArrowUp');
      await until(`${data}.pixel === '406'`);
      const says = await evaluate<string>(`document.querySelector('${selector} .says').textContent`);
      const [, sum, entry] = /products are (\S+); the product Xᵀ·dZ has (\S+) there/.exec(says)!;
      expect(sum).to.equal(entry);
    });

    it('check: the gradient by hand is the central difference, for every kind of parameter', async () => {
      const { data, selector } = await figure('check', 'byHand');
      for (const name of ['b1', 'W2', 'b2', 'W1']) {
        await evaluate(`delete ${data}.byHand`);
        await browser.page.select(`${selector} select`, name);
        await until(`${data}.byHand !== undefined`);
        const [byHand, difference] = await evaluate<[number, number]>(
          `[Number(${data}.byHand), Number(${data}.difference)]`,
        );
        expect(difference, name).to.be.closeTo(byHand, 1e-5 + 0.01 * Math.abs(byHand));
      }
      await browser.page.click(`${selector} .all button`);
      await until(`document.querySelectorAll('${selector} .all td').length === 8`);
      const texts = `[...document.querySelectorAll('${selector} .all td:last-child')].map((td) => td.textContent)`;
      const errors = (await evaluate<string[]>(texts)).map((text) => Number(text.replace('−', '-')));
      for (const one of errors) expect(one).to.be.below(0.01);
    });

    it('update: a small rate lowers the loss, the largest does not', async () => {
      const { page } = browser;
      const { data, selector } = await figure('update', 'rate');
      const after = async (key: string, rate: string) => {
        await page.focus(`${selector} input`);
        await page.keyboard.press(key as 'Home');
        await until(`${data}.rate === '${rate}'`);
        return Number(await evaluate(`${data}.after`));
      };
      const small = await after('Home', '0.01');
      expect(small).to.be.below(2.35);
      expect(await after('End', '100')).to.be.above(small);
    });

    it('batches: another one in another epoch, the same one again in the same', async () => {
      const { page } = browser;
      const { data, selector } = await figure('batches', 'first');
      const first = await evaluate<string>(`${data}.first`);
      const epoch = async (value: string) => {
        await page.focus(`${selector} input`);
        await evaluate(`document.querySelector('${selector} input').select()`);
        await page.keyboard.type(value);
        await page.keyboard.press('Enter');
      };
      await epoch('2');
      await until(`${data}.first !== '${first}'`);
      await epoch('1');
      await until(`${data}.first === '${first}'`);
    });

    it('draw: what is drawn is classified', async () => {
      const { page } = browser;
      const { data, selector } = await figure('draw', 'best');
      await page.click(`${selector} button:last-of-type`);
      const box = (await (await page.$(`${selector} .pad`))!.boundingBox())!;
      await page.mouse.move(box.x + 60, box.y + 60);
      await page.mouse.down();
      await page.mouse.move(box.x + 200, box.y + 200, { steps: 5 });
      await page.mouse.up();
      const shares = `[...document.querySelectorAll('${selector} td.number')].map((td) => parseFloat(td.textContent))`;
      await until(`Math.abs(${shares}.reduce((a, b) => a + b) - 100) < 1`);
      expect(Number(await evaluate(`${data}.best`))).to.be.within(0, 9);
    });

    it('fit on a screen of 360 pixels, and have names', async () => {
      const { page } = browser;
      await page.setViewport({ width: 360, height: 700 });
      expect(await evaluate('document.documentElement.scrollWidth')).to.equal(360);
      const nameless =
        await evaluate(`[...document.querySelectorAll('input, select, button, [role=slider], [role=img]')]
        .filter((e) => !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.[0]?.textContent.trim())
        .map((e) => e.outerHTML.slice(0, 90))`);
      expect(nameless).to.deep.equal([]);
      await page.setViewport({ width: 1000, height: 800 });
    });
  });
});
