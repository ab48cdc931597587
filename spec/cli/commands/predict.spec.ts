import { expect } from 'chai';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { run } from '../../../cli/run';
import { defaultDataDir } from '../../../src/data/defaultDataDir';
import { temporaryFolder } from '../../data/tinyDataset';
import { useRealNetwork } from '../../model/export/realNetwork';
import { collector, session } from '../session';

const DATA = process.env['HANDGRAD_DATA_DIR'] || defaultDataDir();

interface Prediction {
  readonly file: string;
  readonly error?: string;
  readonly top: readonly { readonly label: number; readonly probability: number }[];
  readonly input: Readonly<Record<string, unknown>>;
}

describe('predict on image files', function () {
  this.timeout(120_000);
  const network = useRealNetwork();
  let folder: string;
  /** Test images in every form that an image comes in. */
  before(async () => {
    folder = join(network().folder, 'files');
    mkdirSync(folder);
    const pixels = (i: number) =>
      Buffer.from(network().dataset.test.features.subarray(i * 784, (i + 1) * 784) as Uint8Array);
    const image = (i: number, channels: 1 | 3 | 4 = 1) => {
      const gray = sharp(pixels(i), { raw: { width: 28, height: 28, channels: 1 } });
      return channels === 1
        ? gray.toColorspace('b-w')
        : channels === 4
          ? gray.toColorspace('srgb').ensureAlpha()
          : gray.toColorspace('srgb');
    };
    const save = async (name: string, made: sharp.Sharp) => made.toFile(join(folder, name));
    for (const i of [0, 1, 2, 3]) await save(`${i}.png`, image(i).png());
    await save('color.png', image(0, 3).png());
    await save('alpha.png', image(0, 4).png());
    await save('palette.png', image(0, 3).png({ palette: true }));
    await save('negative.png', image(0).negate().png());
    await save('photo.jpg', image(0, 3).negate().resize(280, 280, { kernel: 'nearest' }).jpeg({ quality: 95 }));
    await save(
      'turned.jpg',
      image(0, 3).rotate(270).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).withMetadata({ orientation: 6 }),
    );
    await save('wide.png', image(0).extend({ left: 14, right: 14, background: '#000000' }).png());
    await save('web.webp', image(0, 3).webp());
    writeFileSync(join(folder, 'cut.png'), (await image(0).png().toBuffer()).subarray(0, 150));
    writeFileSync(join(folder, 'text.png'), 'no image');
    writeFileSync(join(folder, 'empty.jpg'), '');
  });

  const predict = async (names: readonly string[], ...flags: string[]) => {
    const files = names.map((name) => join(folder, name));
    const ended = await session([
      'predict',
      network().run,
      ...files,
      '--top',
      '10',
      '--backend',
      'wasm',
      ...flags,
      '--json',
    ]);
    return { ...ended, predictions: predictionsIn(ended.stdout) };
  };
  /** An object a line. */
  const predictionsIn = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Prediction);
  const ours = (i: number) => network().probabilities.subarray(10 * i, 10 * i + 10);
  const farFrom = ({ top }: Prediction, i: number) =>
    Math.max(...top.map(({ label, probability }) => Math.abs(probability - ours(i)[label]!)));

  it('gives a test image as a file what it gives the sample, in every form that keeps its pixels', async () => {
    const { code, predictions } = await predict(['0.png', '1.png', '2.png', '3.png']);
    expect(code).to.equal(0);
    predictions.forEach((prediction, i) => expect(farFrom(prediction, i), prediction.file).to.be.below(1e-6));
    const forms = await predict(['color.png', 'alpha.png', 'palette.png', 'negative.png']);
    for (const prediction of forms.predictions) expect(farFrom(prediction, 0), prediction.file).to.be.below(1e-6);
    expect(forms.predictions.map(({ input }) => input['wasInverted'])).to.deep.equal([false, false, false, true]);
  });

  it('turns a photograph upright, makes it fit, and turns its polarity; says so', async () => {
    const { predictions } = await predict(['photo.jpg', 'turned.jpg', 'wide.png']);
    expect(predictions[0]!.input).to.include({ width: 280, height: 280, wasResized: true, wasInverted: true });
    expect(farFrom(predictions[0]!, 0)).to.be.below(0.1);
    expect(farFrom(predictions[1]!, 0)).to.be.below(0.1);
    expect(predictions[2]!.input).to.include({ width: 56, height: 28, wasResized: true, wasInverted: false });
    const text = await session(['predict', network().run, join(folder, 'photo.jpg'), '--backend', 'wasm']);
    expect(text.stdout).to.match(/photo\.jpg: .+ \(280x280, .*resized to 28x28, inverted\)\n/);
  });

  it('--invert yes and no are obeyed', async () => {
    const [yes, no] = [
      await predict(['negative.png'], '--invert', 'yes'),
      await predict(['negative.png'], '--invert', 'no'),
    ];
    expect(farFrom(yes.predictions[0]!, 0)).to.be.below(1e-6);
    expect(no.predictions[0]!.input).to.include({ wasInverted: false });
    expect(farFrom(no.predictions[0]!, 0)).to.be.above(0.01);
    const wrong = await session(['predict', network().run, 'x.png', '--invert', 'maybe']);
    expect(wrong).to.include({ code: 2, stderr: 'Error: --invert must be one of auto, yes, no, not "maybe".\n' });
  });

  it('goes on after files that cannot be used, names each, and ends with 3', async () => {
    const names = ['0.png', 'cut.png', 'text.png', 'empty.jpg', 'web.webp', 'nothing.png', '1.png'];
    const { code, predictions, stderr } = await predict(names);
    expect(code).to.equal(3);
    expect(predictions.map(({ error }) => error === undefined)).to.deep.equal([
      true,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(farFrom(predictions[6]!, 1)).to.be.below(1e-6);
    for (const name of names.slice(1, 6)) expect(stderr).to.match(new RegExp(`Error: The image \\S*${name} .+; .+\\.`));
    expect(stderr)
      .to.contain('5 images could not be classified')
      .and.not.to.match(/\n\s+at /);
  });

  /** What is predicted for stdin. */
  const predictStdin = async (...chunks: readonly (string | Uint8Array)[]) => {
    const [stdout, stderr] = [collector(), collector()];
    const argv = ['predict', network().run, '-', '--json', '--top', '10', '--backend', 'wasm'];
    const io = { stdin: Readable.from(chunks), stdout, stderr, env: {}, signal: new AbortController().signal };
    const code = await run(argv, io);
    expect(code, stderr.text()).to.equal(0);
    return predictionsIn(stdout.text());
  };

  it('refuses tables of anything but pixels, and tables among images', async () => {
    const table = join(network().folder, 'penguins.csv');
    writeFileSync(table, 'species,mass\nAdelie,3700\n');
    const refused = async (...argv: string[]) => {
      const { code, stdout, stderr } = await session([...argv, '--backend', 'wasm']);
      expect(stdout).to.equal('');
      return `${code} ${stderr.trim().split('\n').at(-1)}`;
    };
    for (const argv of [
      ['predict', network().run, table],
      ['evaluate', network().run, '--dataset', table],
    ]) {
      expect(await refused(...argv)).to.match(
        /^3 Error: \S+ has 2 columns, and the model was trained on images of 28x28: .+ such a table, or images\.$/,
      );
    }
    expect(await refused('predict', network().run, join(folder, '0.png'), table)).to.match(
      /^2 Error: \S+penguins\.csv is a table; predict takes tables or images, not both at once\.$/,
    );
  });

  it('reads the paths from stdin for -', async () => {
    const predictions = await predictStdin(`${join(folder, '1.png')}\n\n`, join(folder, '2.png'));
    expect(predictions.map(({ file }) => file.split('/').at(-1))).to.deep.equal(['1.png', '2.png']);
    predictions.forEach((prediction, i) => expect(farFrom(prediction, i + 1)).to.be.below(1e-6));
  });

  it('reads an image file, or pixels, from stdin for -', async () => {
    const [file, ...none] = await predictStdin(readFileSync(join(folder, '3.png')));
    expect(none).to.deep.equal([]);
    expect(farFrom(file!, 3)).to.be.below(1e-6);
    const count = 300;
    const pixels = await predictStdin(network().dataset.test.features.subarray(0, count * 784) as Uint8Array);
    expect(pixels.map((one) => one.file)).to.deep.equal(Array.from({ length: count }, (_, i) => `stdin:${i + 1}`));
    pixels.forEach((prediction, i) => expect(farFrom(prediction, i), prediction.file).to.be.below(1e-5));
  });

  it('answers the images of a folder and of a pattern as CSV, with all probabilities', async () => {
    const ended = await session(['predict', network().run, join(folder, '[0-3].png'), '--csv', '--backend', 'wasm']);
    expect(ended.code, ended.stderr).to.equal(0);
    const [header, ...lines] = ended.stdout.trimEnd().split('\n');
    const { classNames } = network().dataset;
    expect(header).to.equal(['file', 'class', ...classNames.map((name) => `probability_${name}`)].join());
    expect(lines).to.have.length(4);
    lines.forEach((line, i) => {
      const [file, name, ...probabilities] = line.split(',');
      expect(file).to.equal(join(folder, `${i}.png`));
      expect(name).to.equal(classNames[ours(i).indexOf(Math.max(...ours(i)))]);
      probabilities.forEach((text, at) => expect(Number(text)).to.be.closeTo(ours(i)[at]!, 1e-6));
    });
    const all = await session(['predict', network().run, folder, '--csv', '--backend', 'wasm']);
    expect(all.code).to.equal(3);
    const rows = all.stdout.trimEnd().split('\n').slice(1);
    // The WebP is no PNG or JPEG file.
    expect(rows).to.have.length(readdirSync(folder).length - 1);
    expect(rows.filter((line) => line.endsWith(`${','.repeat(11)}`))).to.have.length(3);
    const samples = await session([
      'predict',
      network().run,
      '--index',
      '1',
      '--csv',
      '--backend',
      'wasm',
      '--data-dir',
      DATA,
    ]);
    expect(samples.stdout).to.match(/^index,label,class,probability_T-shirt\/top,.*\n1,Pullover,/);
    const both = await session(['predict', network().run, folder, '--csv', '--top', '2']);
    expect(both).to.include({
      code: 2,
      stderr: 'Error: The flags --csv and --top exclude each other; leave one out.\n',
    });
  });

  it('shows the image in characters with the top three as bars; --quiet keeps to the line', async () => {
    const argv = ['predict', network().run, join(folder, '1.png'), '--backend', 'wasm'];
    const { stdout } = await session(argv);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).to.have.length(1 + 14);
    expect(lines.filter((line) => /[█░]{24} +\d+\.\d%$/.test(line))).to.have.length(3);
    expect((await session([...argv, '--quiet'])).stdout.trim().split('\n')).to.have.length(1);
    const colored = collector(true);
    await run(argv, { stdout: colored, stderr: collector(), env: {}, signal: new AbortController().signal });
    expect(colored.text()).to.contain('\x1b[38;5;').and.to.contain('▀');
  });
});

describe('predict with a model of a table of pixels', () => {
  const folder = temporaryFolder();

  it('takes images, upright also where the table has them transposed', async () => {
    // A bar of light at the left or at the top of 4 x 3 pixels.
    const [height, width] = [4, 3];
    const image = (isLeft: boolean, shade: number) =>
      Array.from({ length: height * width }, (_, i) =>
        (isLeft ? i % width : Math.floor(i / width)) === 0 ? shade : 0,
      );
    const transposed = (pixels: readonly number[]) =>
      pixels.map((_, i) => pixels[(i % height) * width + Math.floor(i / height)]!);
    const names = Array.from({ length: height * width }, (_, i) => `pixel${i}`);
    const write = (name: string, turn: (pixels: readonly number[]) => readonly number[]) => {
      const rows = Array.from({ length: 120 }, (_, i) => [
        i % 2 ? 'left' : 'top',
        ...turn(image(i % 2 === 1, 135 + i)),
      ]);
      writeFileSync(join(folder(), name), `${[['kind', ...names], ...rows].map((row) => row.join()).join('\n')}\n`);
      return join(folder(), name);
    };
    for (const isLeft of [true, false]) {
      const raw = { width, height, channels: 1 } as const;
      const bytes = Buffer.from(image(isLeft, 200));
      await sharp(bytes, { raw })
        .toColorspace('b-w')
        .png()
        .toFile(join(folder(), isLeft ? 'left.png' : 'top.png'));
    }
    const files = [join(folder(), 'left.png'), join(folder(), 'top.png')];
    for (const [name, turn, ...flags] of [
      ['upright.csv', (pixels: readonly number[]) => pixels],
      ['turned.csv', transposed, '--transpose'],
    ] as const) {
      const model = join(folder(), `${name}.run`);
      const train = [
        'train',
        '--dataset',
        write(name, turn),
        '--image-shape',
        '4x3',
        '--hidden',
        '8',
        '--epochs',
        '30',
      ];
      const how = ['--backend', 'cpu', '--lr', '0.05', '--no-tensorboard', '--quiet', '--run-dir', model];
      const trained = await session([...train, ...how, ...flags]);
      expect(trained.code, trained.stderr).to.equal(0);
      const { code, stdout, stderr } = await session(['predict', model, ...files, '--csv', '--backend', 'cpu']);
      expect(code, stderr).to.equal(0);
      const rows = stdout.trimEnd().split('\n').slice(1);
      expect(rows.map((row) => row.split(',')[1])).to.deep.equal(['left', 'top']);
    }
    const bad = await session(['train', '--dataset', join(folder(), 'turned.csv'), '--transpose', '--backend', 'cpu']);
    expect(bad.code).to.equal(2);
    expect(bad.stderr).to.contain('Error: --transpose is for images; give their --image-shape, or leave it out.');
  });
});
