import { expect } from 'chai';
import {
  confidences,
  confusionMatrix,
  curves,
  PAGE_THEME,
  parallelCoordinates,
  residuals,
  resultAgainst,
  stepCurve,
} from '../../src/reports/charts';
import { svgToPng, toSvg } from '../../src/reports/render';

describe('the result against a setting', () => {
  const against = (settings: readonly unknown[]) => {
    const trials = settings.map((hidden, i) => ({ name: `${i}`, settings: { hidden }, result: i }));
    return JSON.stringify(resultAgainst(PAGE_THEME, trials, 'hidden', 'testAccuracy'));
  };

  it('has names in the order of their numbers', () => {
    expect(against([[16, 8], [4], [16], [4]])).to.contain('"sort":["4","16","16,8"]');
  });

  it('has numbers on a scale, which is logarithmic when they span a factor of eight', () => {
    expect(against([1, 2])).to.contain('"type":"linear"');
    expect(against([1, 7])).to.contain('"type":"linear"');
    expect(against([1, 8])).to.contain('"type":"log"');
    expect(against([0, 20])).to.contain('"type":"linear"');
  });

  it('has no ticks between whole numbers', () => {
    expect(against([1, 3])).to.contain('"tickMinStep":1');
    expect(against([1, 2.5])).not.to.contain('"tickMinStep"');
  });

  it('and other charts take any name for a class, a setting or a run', async () => {
    const names = ['valueOf', 'toString', '__proto__', '\x01\ufffe\ue000'];
    const trials = names.map((hidden, i) => ({ name: hidden, settings: { hidden }, result: i }));
    const lines = names.map((name, i) => ({ name, values: [i] }));
    const confusion = names.map((_, row) => names.map((__, column) => row + column));
    for (const spec of [
      confusionMatrix(PAGE_THEME, confusion, names),
      resultAgainst(PAGE_THEME, trials, 'hidden', 'testAccuracy'),
      parallelCoordinates(PAGE_THEME, trials, ['hidden'], 'testAccuracy'),
      curves(PAGE_THEME, 'Loss', lines),
    ]) {
      const svg = await toSvg(spec);
      for (const name of names.slice(0, -1)) expect(svg).to.contain(`>${name}<`);
      expect(svg).not.to.match(/\p{Co}|\ufffe/u);
      expect((await svgToPng(svg)).length).to.be.above(1000);
    }
  });

  it('tilts names that would run into each other', () => {
    expect(against(['relu', 'gelu'])).to.contain('"labelAngle":0');
    expect(against([[64], [256, 128], [512, 256], [256, 128, 64]])).to.contain('"labelAngle":-40');
  });
});

describe('parallel coordinates', () => {
  const labels = (sizes: readonly number[]) => {
    const trials = sizes.map((batchSize, i) => ({ name: `${i}`, settings: { batchSize }, result: 0.5 + i / 100 }));
    const text = JSON.stringify(parallelCoordinates(PAGE_THEME, trials, ['batchSize'], 'testAccuracy'));
    return [
      ...new Set([...text.matchAll(/"axis":"batchSize","at":([\d.]+),"label":"(\d+)"/g)].map(([, , label]) => label)),
    ];
  };

  it('name each of a few numbers, and the ends and the middle of many', () => {
    expect(labels([32, 256, 64, 128])).to.have.members(['32', '64', '128', '256']);
    expect(labels([1, 2, 3, 4, 5, 6, 7])).to.deep.equal(['1', '4', '7']);
    expect(labels([1, 2, 3, 4, 5, 6, 27])).to.deep.equal(['1', '5', '27']);
  });

  it('leave out labels that would lie on one another, but not the ends', () => {
    expect(labels([100, 101, 150, 199, 200])).to.have.members(['100', '150', '200']);
  });

  it('draw results as they are, also where settings of such a range would be drawn by their logarithm', () => {
    const trials = [0.1, 0.3, 0.5, 0.55, 0.6, 0.7, 0.9].map((result, i) => ({ name: `${i}`, settings: {}, result }));
    expect(JSON.stringify(parallelCoordinates(PAGE_THEME, trials, [], 'accuracy'))).to.contain('"label":"0.5"');
  });
});

describe('residuals', () => {
  it('are counted of more samples than a call takes arguments', () => {
    const [predicted, actual] = [new Float64Array(200_000).fill(3), new Float64Array(200_000)];
    const chart = JSON.stringify(residuals(PAGE_THEME, { name: 'y', predicted, actual, worst: [] }));
    expect(chart).to.contain('200000 samples');
  });
});

describe('curves', () => {
  const titles = (svg: string) => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title);

  it('say under the pointer what they show, and mark an epoch', async () => {
    const lines = [{ name: 'a "<b>"', values: [0.5, null, 0.25] }];
    const svg = await toSvg(curves(PAGE_THEME, 'Loss', lines, { marked: { epoch: 3, says: 'the best' } }));
    expect(titles(svg)).to.deep.equal([
      'the best',
      'a &quot;&lt;b&gt;&quot;, epoch 1: 0.5',
      'a &quot;&lt;b&gt;&quot;, epoch 3: 0.25',
    ]);
    expect(svg).to.match(/<text[^>]*>a "&lt;b&gt;"<\/text>/);
    expect(svg).not.to.contain('aria-label="a ');
  });

  it('are of one size with their frames aligned, whatever their numbers are', async () => {
    const frameOf = async (values: readonly number[]) => {
      const svg = await toSvg(curves(PAGE_THEME, 'y', [{ name: 'a', values }]));
      const [, width, height] = /class="background" [^>]*d="M0,0h([\d.]+)v([\d.]+)h/.exec(svg)!;
      return { size: /width="\d+" height="\d+"/.exec(svg)![0], width: Number(width), height: Number(height) };
    };
    const [small, large] = [await frameOf([0.0001, 0.00015]), await frameOf([1, 2])];
    expect(small.size).to.equal(large.size);
    expect(small.width).to.be.closeTo(large.width, 3);
    expect(small.height).to.be.closeTo(large.height, 3);
  });

  it('are points, not curves, where every series has one epoch', async () => {
    const of = (count: number, epochs: number) =>
      Array.from({ length: count }, (_, i) => ({
        name: `trial ${i}`,
        values: new Array<number>(epochs).fill(i / count),
      }));
    const marks = async (count: number, epochs: number) => {
      const svg = await toSvg(curves(PAGE_THEME, 'accuracy', of(count, epochs)));
      return [/mark-line /.test(svg), titles(svg).length];
    };
    expect(await marks(20, 1)).to.deep.equal([false, 20]);
    expect(await marks(20, 2)).to.deep.equal([true, 40]);
    // Beyond 40 epochs lines have no points, but a trial of one epoch has no line.
    const svg = await toSvg(curves(PAGE_THEME, 'a', [...of(1, 50), { name: 'stopped', values: [0.1] }]));
    expect(svg.match(/class="mark-symbol role-mark layer_1_marks".*?<\/g>/)![0].match(/<path/g)).to.have.length(1);
  });

  it('leave out the values of thousands of points', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => ({ name: `${i}`, values: new Array<number>(50).fill(i) }));
    expect(titles(await toSvg(curves(PAGE_THEME, 'a', lines)))).to.deep.equal([]);
  });
});

describe('a curve over steps', () => {
  const drawn = async (count: number) => {
    const points = Array.from({ length: count }, (_, i) => ({ step: i + 1, value: i === 1 ? NaN : i }));
    const svg = await toSvg(stepCurve(PAGE_THEME, 'Batch loss', points));
    return [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title);
  };

  it('leaves out what is not a number, and draws the means of neighbors when there are many', async () => {
    expect(await drawn(3)).to.deep.equal(['step 1: 0', 'step 3: 2']);
    const many = await drawn(4001);
    expect(many).to.have.length(400);
    expect(many[1]).to.equal('steps 12 to 21, mean: 15.5');
  });
});

describe('confidences', () => {
  it('stack right and wrong samples of each bin', async () => {
    const bins = [{ from: 0.9, to: 1, count: 8, confidence: 0.95, accuracy: 0.75 }];
    const svg = await toSvg(confidences(PAGE_THEME, bins));
    expect(svg).to.contain('<title>confidence 90.0% to 100.0%: 6 right</title>');
    expect(svg).to.contain('<title>confidence 90.0% to 100.0%: 2 wrong</title>');
  });
});
