import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageInput, imageSources } from '../../../src/data/formats/imageSource';
import { temporaryFolder } from '../tinyDataset';

describe('imageSources', () => {
  const folder = temporaryFolder();
  const path = (name: string) => join(folder(), name);

  /** What is found: names, with bytes as a list, or the sentence of an error. */
  async function found(
    inputs: readonly ImageInput[],
    chunks?: readonly (Uint8Array | string)[],
    imageShape: readonly [number, number] = [2, 3],
  ) {
    async function* stdin() {
      for (const chunk of chunks!) yield await Promise.resolve(Buffer.from(chunk as Uint8Array));
    }
    const all: unknown[] = [];
    for await (const one of imageSources(inputs, { imageShape, ...(chunks && { stdin }) })) {
      if ('error' in one) all.push(one.error.message);
      else if (one.bytes && one.bytes.length > 100) all.push(one.bytes.length);
      else all.push(one.bytes ? [one.file, ...one.bytes] : one.file);
    }
    return all;
  }

  it('finds the images of a folder and of a pattern, as people number them, and names what holds none', async () => {
    mkdirSync(path('set/deep'), { recursive: true });
    mkdirSync(path('none'));
    for (const name of ['10.png', '2.PNG', 'notes.txt', '.hidden.png', 'deep/1.jpeg'])
      writeFileSync(path(`set/${name}`), '');
    writeFileSync(path('a[1].png'), '');
    const images = ['2.PNG', '10.png', 'deep/1.jpeg'].map((name) => path(`set/${name}`));
    expect(await found([path('set')])).to.deep.equal(images);
    expect(await found([path('set/*.png'), path('a[1].png')])).to.deep.equal([path('set/10.png'), path('a[1].png')]);
    expect(await found([path('none'), path('*.gif'), 'missing.png'])).to.deep.equal([
      `The folder ${path('none')} holds no PNG or JPEG file; give another.`,
      `No file matches ${path('*.gif')}; correct the pattern.`,
      'missing.png',
    ]);
  });

  it('takes bytes as they are', async () => {
    expect(await found([Uint8Array.of(1, 2), 'a.png'])).to.deep.equal([['image 1', 1, 2], 'a.png']);
  });

  it('reads paths from stdin, wherever its chunks end', async () => {
    const text = 'a.png\n\n"é".png\r\nb c.png';
    const expected = ['a.png', '"é".png', 'b c.png'];
    expect(await found(['-'], [text])).to.deep.equal(expected);
    const bytes = [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));
    expect(await found(['-'], bytes)).to.deep.equal(expected);
  });

  it('reads pixels from stdin, wherever its chunks end, also those that are letters', async () => {
    const pixels = [0, 1, 2, 3, 4, 255, 10, 10, 10, 10, 10, 10];
    const expected = [
      ['stdin:1', ...pixels.slice(0, 6)],
      ['stdin:2', ...pixels.slice(6)],
    ];
    expect(await found(['-'], [Uint8Array.from(pixels)])).to.deep.equal(expected);
    expect(
      await found(
        ['-'],
        pixels.map((byte) => Uint8Array.of(byte)),
      ),
    ).to.deep.equal(expected);
    expect(await found(['-'], ['dddddd'])).to.deep.equal([['stdin:1', ...Buffer.from('dddddd')]]);
    writeFileSync(path('dd'), '');
    expect(await found(['-'], [path('dd')])).to.deep.equal([path('dd')]);
  });

  it('reads one image file from stdin', async () => {
    const chunk = (type: string, content: readonly number[]) => [
      0,
      0,
      0,
      content.length,
      ...Buffer.from(type),
      ...content,
      0,
      0,
      0,
      0,
    ];
    const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...chunk('IDAT', [1, 2]), ...chunk('IEND', [])];
    const halves = [Uint8Array.from(png.slice(0, 9)), Uint8Array.from(png.slice(9))];
    expect(await found(['-'], halves)).to.deep.equal([['stdin', ...png]]);
    expect(await found(['-'], [Uint8Array.from([...png, ...png])])).to.deep.equal([
      'The standard input has more than one image file; give their paths, one a line.',
    ]);
    expect(await found(['-'], [Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)])).to.deep.equal([['stdin', 255, 216, 255, 224]]);
  });

  it('refuses a stdin that is empty, holds a part of an image or a table, or is not there', async () => {
    expect(await found(['-'], [])).to.deep.equal(['The standard input is empty; give paths, pixels or an image file.']);
    expect((await found(['-'], [Uint8Array.of(0, 1, 2, 3, 4, 5, 6)]))[0]).to.match(
      /^The standard input has 7 bytes, .* nor the pixels of images of 6 bytes each \(2x3\); correct them\.$/,
    );
    const large = [new Uint8Array(1_200_000), Uint8Array.of(0)];
    expect((await found(['-'], large, [1000, 600])).slice(2)).to.deep.equal([
      'The standard input ends within image 3; it must have the pixels of images of 600,000 bytes each (1000x600).',
    ]);
    expect((await found(['-'], ['1,2,3,4,5,6\n']))[0]).to.match(
      /^The standard input looks like a table; store it in a /,
    );
    const table = 'The standard input looks like a table of 3 columns, and the model takes images of 2x3; give images';
    for (const text of ['a,b,c\n1,2,3\n', 'a;b;c\r\n', 'a\tb\tc']) {
      expect((await found(['-'], [text]))[0], JSON.stringify(text)).to.match(new RegExp(`^${table}`));
    }
    // Paths may have commas.
    expect(await found(['-'], ['a,b,c.png\nd.png\n'])).to.deep.equal(['a,b,c.png', 'd.png']);
    expect(await found(['-'])).to.deep.equal(['There is no standard input; give paths.']);
  });
});
