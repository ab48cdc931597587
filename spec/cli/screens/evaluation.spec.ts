import { expect } from 'chai';
import { showEvaluation } from '../../../cli/screens/evaluation';
import { createTerminal } from '../../../cli/terminal/terminal';
import { classificationFigures } from '../../../src/training/classificationFigures';
import { collector } from '../session';

/** What is shown of samples of k classes, all right but for one of class 1 that is taken for class 0. */
async function shown(
  k: number,
  { nameOf = (label: number) => `class ${label}`, threshold, columns }: Shown = {},
): Promise<string> {
  const labels = [...Array.from({ length: k }, (_, c) => c), 1];
  const predicted = [...labels.slice(0, -1), 0];
  const probabilities = predicted.flatMap((p, i) => Array.from({ length: k }, (_, c) => (c === p ? 0.9 - i / 1e5 : 0)));
  const figures = await classificationFigures({ probabilities, predicted, labels, k });
  const perClass = figures.perClass.map((one, label) => ({ ...one, label, name: nameOf(label) }));
  const stdout = Object.assign(collector(columns !== undefined), columns !== undefined && { columns });
  const env = { NO_COLOR: '1' };
  const terminal = createTerminal({ stdout, stderr: collector(), env, signal: new AbortController().signal });
  const evaluation = { dataset: 'some', backend: 'cpu', samples: labels.length, loss: 0.1, ...figures, perClass };
  showEvaluation({ ...evaluation, ...(threshold !== undefined && { threshold }) }, terminal);
  return stdout.text();
}

interface Shown {
  readonly nameOf?: (label: number) => string;
  readonly threshold?: number;
  /** The width of a terminal. */
  readonly columns?: number;
}

describe('the screen of an evaluation', () => {
  it('fits a narrow terminal: fewer columns, and confusions in the place of a matrix', async () => {
    const heading = async (columns: number, k: number) => {
      const lines = (await shown(k, { columns })).trimEnd().split('\n');
      expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(columns);
      return [
        lines
          .find((line) => / F1/.test(line))!
          .trim()
          .split(/ {2,}/),
        lines.join('\n'),
      ] as const;
    };
    const [wide, matrix] = await heading(80, 9);
    expect(wide).to.have.length(7);
    expect(matrix).to.contain('Confusion matrix').and.not.to.contain('confusions');
    const [narrow, list] = await heading(40, 12);
    expect(narrow).to.deep.equal(['Class', 'Recall', 'F1']);
    expect(list).to.match(/most frequent confusions:\nTrue class {2}Predicted class {2}Samples\nclass 1 +class 0 +1$/);
  });

  it('has the figures, their averages, and the whole matrix of a few classes', async () => {
    const text = await shown(3);
    expect(text).to.match(/^some, 4 test samples: Loss: 0\.1000, Accuracy: 0\.7500\nBalanced Accuracy: 0\.8333, /);
    expect(text).to.match(/1 {2}class 1 +1\.0000 +0\.5000 +0\.6667 +[\d.]+ +[\d.]+ +2\n/);
    expect(text).to.match(/ macro average +0\.8333 .*\n +weighted average +0\.8750 +0\.7500/);
    expect(text).to.contain('\nConfusion matrix (rows: true classes, columns: predicted classes):\n');
    expect(text).to.match(/ classes\):\n +0 +1 +2\n0 +class 0 +1 +0 +0\n1 +class 1 +1 +1 +0/);
  });

  it('lists the worst of a thousand classes and the most frequent confusions, at once', async () => {
    const started = performance.now();
    const text = await shown(1000);
    expect(performance.now() - started).to.be.below(20_000);
    expect(text.split('\n').length).to.be.below(50);
    expect(text).to.match(/True class +Predicted class +Samples +Share of the class\nclass 1 +class 0 +1 +50\.0%\n/);
    expect(text).to.match(/20 classes with the lowest F1 .*\n.*\n *1 +class 1 .*\n *0 +class 0 /);
  });

  it('names the second of two classes beside a threshold, and the best ones', async () => {
    const text = await shown(2, { threshold: 0.25 });
    expect(text).to.contain('Threshold 0.25: "class 1" is predicted if its probability is at least that\n');
    expect(text).to.match(
      /Best thresholds for "class 1": 0 for F1 \(0\.8000\), 0\.8999 for balanced accuracy \(0\.7500\)/,
    );
  });

  it('F85 names with colors or line breaks are spelled out', async () => {
    const text = await shown(3, { nameOf: (label) => `\x1b[31mred\x1b[0m\n${label}` });
    expect(text).to.contain('\\u{1b}[31mred\\u{1b}[0m\\n1').and.not.to.contain('\x1b');
  });

  it('has RMSE, MAE and R² where numbers are predicted, each label on its own line', () => {
    const stdout = collector();
    const terminal = createTerminal({ stdout, stderr: collector(), env: {}, signal: new AbortController().signal });
    const perOutput = ['a', 'b'].map((name) => ({ name, rmse: 12, mae: 10, r2: 0.5 }));
    const figures = { loss: 0.5, rmse: 12, mae: 10, r2: 0.5, perOutput };
    showEvaluation({ dataset: 'some', backend: 'cpu', samples: 9, ...figures }, terminal);
    expect(stdout.text()).to.match(/^some, 9 test samples: Loss: 0\.5000, RMSE: 12\.000, MAE: 10\.000, R²: 0\.5000\n/);
    expect(stdout.text()).to.match(/Label +RMSE +MAE +R²\na +12\.000 +10\.000 +0\.5000\nb /);
  });
});
