import { expect } from 'chai';
import { gzipSync } from 'node:zlib';
import { gunzip } from '../../../src/data/download/gunzip';
import { failure } from '../../failure';
import { tinyFiles } from '../tinyDataset';

const { bytes, gz } = tinyFiles.trainImages;
const inflate = (file: Uint8Array) => () => gunzip(file, bytes.length, 'some.gz');

describe('gunzip', () => {
  it('gives back what was compressed', async () => {
    expect((await inflate(gz)()).equals(bytes)).to.be.true;
  });

  it('F20 gzip cut at each 1/64', async () => {
    for (let part = 0; part < 64; part++) {
      const found = await failure('data', inflate(gz.subarray(0, Math.floor((gz.length * part) / 64))));
      expect(found).to.contain('some.gz is truncated');
    }
  });

  it('F20 wrong CRC, wrong length, and any flipped byte of the data', async () => {
    for (let at = gz.length - 8; at < gz.length; at++) {
      const broken = Buffer.from(gz);
      broken[at]! ^= 0x10;
      expect(await failure('data', inflate(broken))).to.match(/incorrect (data|length) check/);
    }
    for (let at = 10; at < gz.length - 8; at += 97) {
      const broken = Buffer.from(gz);
      broken[at]! ^= 0x01;
      expect(await failure('data', inflate(broken))).to.contain('some.gz');
    }
  });

  it('F20 trailing bytes: zeros, text, and a second gzip file', async () => {
    expect(await failure('data', inflate(Buffer.concat([gz, Buffer.alloc(5)])))).to.contain('5 bytes after the end');
    await failure('data', inflate(Buffer.concat([gz, Buffer.from('more')])));
    await failure('data', inflate(Buffer.concat([gz, gz])));
    await failure('data', inflate(Buffer.concat([gz, gzipSync(Buffer.alloc(0)), Buffer.alloc(1)])));
  });

  it('F20 gzip bomb: stopped at the expected size', async () => {
    const bomb = gzipSync(Buffer.alloc(200e6));
    const before = process.memoryUsage().rss;
    expect(await failure('data', inflate(bomb))).to.contain(`more than the expected ${bytes.length} bytes`);
    expect(process.memoryUsage().rss - before).to.be.lessThan(50e6);
  });
});
