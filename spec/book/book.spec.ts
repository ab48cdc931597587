import { expect } from 'chai';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBook } from '../../book/build';
import { defaultDataDir } from '../../src/data/defaultDataDir';
import { browserLacks, openBrowser, type Opened, serve } from '../browser';
import { session } from '../cli/session';
import { need } from '../need';
import { FAINT_TEXTS } from './contrast';

const dataDir = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();

/** The pictures in an element, as text: a script for the page. */
const canvases = (selector: string) =>
  `[...document.querySelectorAll('${selector} canvas')].map((canvas) => canvas.toDataURL())`;

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

  /** Waits until a value has been the same for half a second. */
  async function atRest(expression: string): Promise<void> {
    for (let [value, before] = [await evaluate(expression), undefined as unknown]; value !== before;) {
      await delay(500);
      [value, before] = [await evaluate(expression), value];
    }
  }

  /** Sets a field of a figure, as its reader does. */
  const choose = (name: string, field: string, value: string) =>
    evaluate(`{
      const field = document.querySelector('[data-figure=${name}] ${field}');
      field.value = '${value}';
      field.dispatchEvent(new Event('input', { bubbles: true }));
      field.dispatchEvent(new Event('change', { bubbles: true }));
    }`);

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

  it('trains with the post’s settings: the library’s loss to the last bit, then 0.75 on the test images', async () => {
    await open('?backend=wasm');
    const { data, selector } = await figure('training', 'accuracy');
    const pictures = () => evaluate<string[]>(`${canvases(`${selector} .weights`)}`);
    const untrained = { accuracy: await evaluate<string>(`${data}.accuracy`), pictures: await pictures() };
    expect(untrained.pictures).to.have.length(24);
    await press('train');
    // While it trains, the weights form, and each epoch fills the confusion matrix and the mistakes.
    await until(`Number(document.body.dataset.epoch) >= 1 && ${data}.accuracy !== '${untrained.accuracy}'`);
    expect(await evaluate('document.body.dataset.running')).to.equal('true');
    const early = await pictures();
    early.forEach((picture, k) => expect(picture, `unit ${k}`).to.not.equal(untrained.pictures[k]));
    const counts = `[...document.querySelectorAll('${selector} .confusion td')].map((td) => Number(td.textContent))`;
    expect((await evaluate<number[]>(counts)).reduce((sum, count) => sum + count)).to.equal(2000);
    expect(await evaluate(`document.querySelectorAll('${selector} .mistakes canvas').length`)).to.equal(12);
    const says = await evaluate("document.querySelector('[data-same=says]').textContent");
    expect(says).to.contain('equal to the last bit');
    await until('Number(document.body.dataset.accuracy) > 0.75 || Number(document.body.dataset.epoch) >= 12');
    expect(Number(await evaluate('document.body.dataset.accuracy'))).to.be.above(0.75);
    expect(await evaluate('document.body.dataset.running')).to.equal('true');
    expect(await pictures()).to.not.deep.equal(early);
  });

  it('pauses and resets, and stays so', async () => {
    await press('train');
    // The step that was under way ends.
    let settled = -1;
    while (settled !== (await steps())) {
      settled = await steps();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await steps()).to.equal(settled);
    await press('step');
    await until(`Number(document.body.dataset.steps) === ${settled + 1}`);
    const { data } = await figure('training', 'accuracy');
    await until(`Number(${data}.accuracy) > 0.5`);
    await press('reset');
    await until("document.body.dataset.steps === '0'");
    await until(`Number(${data}.accuracy) < 0.3`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await steps()).to.equal(0);
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
    await choose('check', 'select', 'W2');
    await choose('check', 'label:last-child select', '3');
    await choose('softmax', 'select', '4');
    await choose('softmax', 'input[type=range]', '2.5');
    await choose('update', 'input', '1');
    await choose('batches', '[name=epoch]', '3');
    await choose('batches', '[name=batch]', '48');
    await until("location.search.includes('batch=47')");
    const shown = async () => {
      const [softmax, check] = [await figure('softmax', 'loss'), await figure('check', 'byHand')];
      const [update, batches] = [await figure('update', 'rate'), await figure('batches', 'first')];
      const fields = ({ selector }: { selector: string }) =>
        evaluate(`[...document.querySelectorAll('${selector} :is(input, select)')].map((one) => one.value)`);
      const numbers = "[...document.querySelectorAll('[data-figure=softmax] dd')].map((dd) => dd.textContent)";
      await until(`${softmax.data}.loss.startsWith('3.') && ${update.data}.rate === '10'`);
      const says = `document.querySelector('${batches.selector} .says').textContent`;
      await until(`${says}.startsWith('Batch 47 of ') && ${says}.includes('in epoch 3')`);
      await atRest(`${check.data}.byHand`);
      return {
        ...{
          training: await evaluate(
            "[...document.querySelectorAll('[data-figure=training] input')].map((i) => i.value)",
          ),
        },
        ...{ image: await evaluate("document.querySelector('[name=image]:checked').value") },
        ...{ softmax: await fields(softmax), losses: await evaluate(numbers), check: await fields(check) },
        ...{ update: await fields(update), batches: await fields(batches) },
        ...{ first: await evaluate(`${batches.data}.first`), byHand: await evaluate(`${check.data}.byHand`) },
      };
    };
    const before = await shown();
    expect(before.training).to.deep.equal(['0.25', '16', '256', '0']);
    expect(before.image).to.equal('0');
    expect(before.batches).to.deep.equal(['3', '47']);
    await page.reload();
    await page.waitForSelector('body[data-backend]');
    expect(await shown()).to.deep.equal(before);
    expect(await evaluate(`document.querySelector('[data-figure=check] select').value`)).to.equal('W2');
  });

  it('shows the network as it is when a training pauses', async () => {
    await open('?backend=wasm&width=16');
    const { data } = await figure('error', 'steps');
    await press('train');
    await until('Number(document.body.dataset.steps) > 10');
    await press('train');
    await until(`document.body.dataset.running === 'false' && ${data}.steps === document.body.dataset.steps`);
  });

  it('prints one state of the network, on white', async () => {
    const { page } = browser;
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await open('?backend=wasm&width=16');
    await press('train');
    await until('Number(document.body.dataset.steps) > 20');
    // What the page shows when the browser is asked to print, and when every figure has been seen after that.
    await evaluate(`{
      const pictures = () => [...document.querySelectorAll('.live canvas')].map((one) => one.toDataURL());
      window.look = () => ({ text: document.getElementById('content').textContent, pictures: pictures() });
      window.print = () => (window.printed = look());
    }`);
    await page.keyboard.down('Control');
    await page.keyboard.press('p');
    await page.keyboard.up('Control');
    await until('window.printed !== undefined');
    expect(await evaluate('document.body.dataset.running')).to.equal('false');
    const steps = await evaluate('document.body.dataset.steps');
    for (const name of ['error', 'training']) {
      expect(await evaluate(`document.querySelector('[data-figure=${name}] .live').dataset.steps`)).to.equal(steps);
    }
    expect(await evaluate("window.printed.text.includes('This figure needs JavaScript')")).to.equal(false);
    for (const name of await evaluate<string[]>(
      '[...document.querySelectorAll("[data-figure]")].map((f) => f.dataset.figure)',
    )) {
      const selector = `[data-figure=${name}]`;
      await evaluate(`document.querySelector('${selector}').scrollIntoView({ block: 'center', behavior: 'instant' })`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await evaluate('JSON.stringify(look()) === JSON.stringify(window.printed)')).to.equal(true);
    await page.emulateMediaType('print');
    expect(await evaluate('getComputedStyle(document.body).backgroundColor')).to.equal('rgb(255, 255, 255)');
    expect(await evaluate(FAINT_TEXTS)).to.deep.equal([]);
    await page.emulateMediaType(undefined);
    await page.emulateMediaFeatures([]);
    const pdf = Buffer.from(await page.pdf({ format: 'A4' })).toString('latin1');
    expect(pdf.match(/\/Type \/Page\b/g)).to.have.length.within(15, 30);
  });

  it('starts on WebGPU, which computes the product that it is tried with', async () => {
    // In software the figures take a quarter of a minute there: spec/backends trains on it in Node.
    await open('?backend=webgpu&width=8');
    expect(await evaluate('document.body.dataset.backend')).to.equal('webgpu');
    expect(await evaluate("document.querySelector('[data-bar=train]').disabled")).to.equal(false);
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

    it('hidden: the weights of the unit under the pointer are shown as a picture', async () => {
      const { page } = browser;
      const { data, selector } = await figure('hidden', 'unit');
      const box = (await (await page.$(`${selector} [role=slider]`))!.boundingBox())!;
      const weights = async (unit: number) => {
        await page.mouse.move(box.x + ((unit + 0.5) * box.width) / 16, box.y + 2);
        await until(`${data}.unit === '${unit}'`);
        return evaluate<string[]>(canvases(`${selector} [aria-label="The weights of the unit"]`));
      };
      const [third, fourth] = [await weights(3), await weights(4)];
      expect(third).to.not.deep.equal(fourth);
      expect(await weights(3)).to.deep.equal(third);
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

    it('draw: the keyboard draws the same line, and says where it is', async () => {
      const { page } = browser;
      const { data, selector } = await figure('draw', 'best');
      const says = () => evaluate<string>(`document.querySelector('${selector} .hidden').textContent`);
      const context = `document.querySelector('${selector} .pad canvas').getContext('2d')`;
      const pixels = `[...${context}.getImageData(0, 0, 280, 280).data]`;
      const ink = `${pixels}.reduce((sum, value, i) => sum + (i % 4 ? 0 : value / 255), 0)`;
      await page.focus(`${selector} .pad`);
      await page.keyboard.press('Delete');
      await until(`${data}.empty === 'true'`);
      expect(await evaluate(ink)).to.equal(0);
      expect(await says()).to.equal('The pad is empty.');
      await page.keyboard.press('ArrowUp');
      expect(await says()).to.equal('Row 14 of 28, column 15 of 28, pen up.');
      expect(await evaluate(ink)).to.equal(0);
      await page.keyboard.press('Space');
      const dot = await evaluate<number>(ink);
      expect(dot).to.be.within(200, 420);
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
      await page.keyboard.down('Shift');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.up('Shift');
      expect(await says()).to.equal('Row 18 of 28, column 18 of 28, pen down.');
      // Seven pixels of the network, 10 of the canvas each, with a pen of 20.
      expect(await evaluate<number>(ink)).to.be.within(dot + 1200, dot + 1450);
      await page.keyboard.press('Enter');
      const drawn = await evaluate<number>(ink);
      await page.keyboard.press('ArrowLeft');
      expect(await evaluate(ink)).to.equal(drawn);
      await until(`${data}.empty === 'false'`);
      await until(`document.querySelector('${selector} .says').textContent.startsWith('The network says: ')`);
    });

    it('have text that can be read, in light and in dark, and move only for who wants it', async () => {
      const { page } = browser;
      const scroll = 'getComputedStyle(document.documentElement).scrollBehavior';
      for (const scheme of ['light', 'dark']) {
        for (const motion of ['reduce', 'no-preference']) {
          await page.emulateMediaFeatures([
            { name: 'prefers-color-scheme', value: scheme },
            { name: 'prefers-reduced-motion', value: motion },
          ]);
          expect(await evaluate(scroll)).to.equal(motion === 'reduce' ? 'auto' : 'smooth');
        }
        const [red] = (await evaluate<string>('getComputedStyle(document.body).backgroundColor')).match(/\d+/)!;
        expect(Number(red) < 128, scheme).to.equal(scheme === 'dark');
        expect(await evaluate(FAINT_TEXTS), scheme).to.deep.equal([]);
      }
      await page.emulateMediaFeatures([]);
      expect(await evaluate('document.getAnimations().length')).to.equal(0);
    });

    it('have the look that the report and the exported page have', async () => {
      const look = readFileSync(join(__dirname, '../../pages/look.css'), 'utf8');
      const [, light] = /:root \{(.+?)\}/s.exec(look)!;
      const names = [...light!.matchAll(/(--[\w-]+): (.+?);/g)];
      expect(names).to.have.length.above(10);
      await browser.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
      const style = 'getComputedStyle(document.documentElement)';
      const colors = await evaluate<string[]>(
        `${JSON.stringify(names.map(([, name]) => name))}.map((name) => {
          const probe = document.body.appendChild(document.createElement('i'));
          const isList = ${style}.getPropertyValue(name).includes(',');
          probe.style.color = isList ? 'rgb(var(' + name + '))' : 'var(' + name + ')';
          const { color } = getComputedStyle(probe);
          probe.remove();
          return color;
        })`,
      );
      const rgb = (value: string) =>
        value.startsWith('#') ? [1, 3, 5].map((i) => parseInt(value.slice(i, i + 2), 16)).join(', ') : value;
      expect(colors).to.deep.equal(names.map(([, , value]) => `rgb(${rgb(value!)})`));
      await browser.page.emulateMediaFeatures([]);
    });

    it('fit on a screen of 360 pixels, and have names', async () => {
      const { page } = browser;
      await page.setViewport({ width: 360, height: 700 });
      expect(await evaluate('document.documentElement.scrollWidth')).to.equal(360);
      // What is wider than its place can be scrolled with the keyboard, and has a name; no code is cut.
      const scrolled = `[...document.querySelectorAll('body *')].filter((e) => {
        const { overflowX } = getComputedStyle(e);
        return overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1;
      })`;
      await until(`${scrolled}.every((e) => e.tabIndex === 0)`);
      const parts = await evaluate<string[]>(
        `${scrolled}.map((e) => e.tagName + e.role + e.getAttribute('aria-label'))`,
      );
      expect(parts).to.have.length.above(4);
      for (const part of parts) expect(part).to.match(/^(DIV|SPAN)group[A-Z]/);
      const nameless =
        await evaluate(`[...document.querySelectorAll('input, select, button, [role=slider], [role=img]')]
        .filter((e) => !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels?.[0]?.textContent.trim())
        .map((e) => e.outerHTML.slice(0, 90))`);
      expect(nameless).to.deep.equal([]);
      await page.setViewport({ width: 1000, height: 800 });
    });
  });
});
