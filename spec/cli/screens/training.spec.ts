import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULTS } from '../../../src/runs/config';
import { createTerminal } from '../../../cli/terminal/terminal';
import { trainingScreen } from '../../../cli/screens/training';
import type { RunEnd, RunEvent, StartEvent } from '../../../src/runs/events';
import type { EpochEvent } from '../../../src/training/train';
import { collector } from '../session';

const START: StartEvent = {
  type: 'start',
  dataset: 'fashion-mnist',
  backend: 'wasm',
  device: 'a device',
  parameters: 203_530,
  trainSamples: 600,
  testSamples: 100,
  widths: [784, 256, 10],
  config: { ...DEFAULTS, epochs: 2 },
  runDir: 'runs/a run',
};
const EPOCH = {
  type: 'epoch',
  epoch: 1,
  step: 3,
  loss: 0.64132,
  lastBatchLoss: 0.6,
  testLoss: 0.66,
  testAccuracy: 0.76678,
  seconds: 2.11,
  trainSeconds: 1.9,
  samplesPerSecond: 31_578,
} as const;
const END = {
  type: 'end',
  epochs: 2,
  testLoss: 0.45,
  testAccuracy: 0.8348,
  seconds: 21,
  runDir: 'runs/a run',
} as const;

/** Shows a whole run on a terminal or into pipes. */
async function tell({ json = false, tty = false, quiet = false } = {}, epoch: EpochEvent = EPOCH, end: RunEnd = END) {
  const [stdout, stderr] = [collector(tty), collector(tty)];
  const io = { stdout, stderr, env: {}, signal: new AbortController().signal };
  const screen = trainingScreen(createTerminal(io, { quiet }), { json });
  screen.show(START);
  for (const step of [1, 2, 3])
    screen.show({ type: 'step', epoch: 1, step, samples: 200 * step, ...(step === 2 && { runningLoss: 1.5 }) });
  if (tty) await sleep(200); // the bar is drawn ten times a second
  screen.show(epoch);
  screen.show(end);
  screen.stop();
  return { stdout: stdout.text(), stderr: stderr.text() };
}

describe('the screen of a training', () => {
  it('prints the post’s line for every epoch on stdout, and what the run is on stderr', async () => {
    const { stdout, stderr } = await tell();
    expect(stdout).to.equal(
      'Epoch 1, Loss: 0.6413, Test Accuracy: 0.7668, Test Loss: 0.6600 (2.1 s, 31,578 samples/s)\n' +
        'Test Accuracy: 0.8348, Test Loss: 0.4500 after 2 epochs in 21.0 s\n',
    );
    expect(stderr)
      .to.contain('600 training and 100 test samples')
      .and.to.contain('784-256-10, relu, 203,530 parameters');
    expect(stderr).to.contain('2 epochs of 3 steps').and.to.contain("handgrad evaluate 'runs/a run'");
    expect(stderr).not.to.contain('\u001b');
  });

  it('prints RMSE, MAE and R² of a regression, in the units of the label', async () => {
    const epoch = { ...EPOCH, testAccuracy: undefined, valLoss: 0.6, valRmse: 51_234.6 };
    const end = { ...END, testAccuracy: undefined, testRmse: 0.012345, testMae: 0.01, testR2: 0.91 };
    expect((await tell({}, epoch, end)).stdout).to.equal(
      'Epoch 1, Loss: 0.6413, Val RMSE: 51235, Val Loss: 0.6000 (2.1 s, 31,578 samples/s)\n' +
        'Test RMSE: 0.012345, Test MAE: 0.010000, Test R²: 0.9100, Test Loss: 0.4500 after 2 epochs in 21.0 s\n',
    );
  });

  it('prints one JSON object a line with --json, and nothing else on stdout', async () => {
    const lines = (await tell({ json: true })).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal([START, EPOCH, END].map((e) => ({ ...e })));
  });

  it('shows a bar with pace and time left on a terminal only, and takes it off again', async () => {
    const { stderr } = await tell({ tty: true });
    expect(stderr)
      .to.contain('Epoch 1/2')
      .and.to.match(/loss 1\.5000, [\d,]+ samples\/s, [\d.]+ s left, 3\/3 batches/);
    expect((await tell({ quiet: true })).stderr).to.equal('');
  });

  /** What a screen says of a few events, on a terminal of some width or into pipes. */
  function said(events: readonly RunEvent[], { columns = 0, env = {} } = {}) {
    const [stdout, stderr] = [collector(columns > 0), collector(columns > 0)].map((stream) =>
      Object.assign(stream, columns > 0 && { columns }),
    ) as [ReturnType<typeof collector>, ReturnType<typeof collector>];
    const io = { stdout, stderr, env: { NO_COLOR: '1', ...env }, signal: new AbortController().signal };
    const screen = trainingScreen(createTerminal(io), { json: false });
    events.forEach(screen.show);
    screen.stop();
    return { stdout: stdout.text(), stderr: stderr.text() };
  }
  const configured = (config: object) => ({ ...START, config: { ...START.config, ...config } });

  it('fits the line of an epoch into a terminal, the post’s part in any case', () => {
    const line = (columns: number) => said([START, EPOCH], { columns }).stdout.trimEnd();
    expect(line(100)).to.match(/0\.7668, Test Loss: 0\.6600 \(2\.1 s, 31,578 samples\/s\)$/);
    expect(line(80)).to.match(/0\.7668, Test Loss: 0\.6600 \(2\.1 s\)$/);
    expect(line(60)).to.match(/0\.7668 \(2\.1 s\)$/);
    expect(line(20)).to.match(/^Epoch 1, Loss: 0\.6413, Test Accuracy: 0\.7668 \(2\.1 s\)$/);
    const counted = (columns: number) =>
      said([START, { ...EPOCH, trainAccuracy: 0.8123 }], { columns }).stdout.trimEnd();
    expect(counted(0)).to.match(/Test Loss: 0\.6600, Training Accuracy: 0\.8123 \(2\.1 s, 31,578 samples\/s\)$/);
    expect(counted(105)).to.match(/Test Loss: 0\.6600, Training Accuracy: 0\.8123 \(2\.1 s\)$/);
    expect(counted(80)).to.match(/Test Loss: 0\.6600 \(2\.1 s\)$/);
  });

  it('breaks what the run is between words, on a narrow terminal', () => {
    const { stderr } = said([{ ...START, dataset: 'a set with a long name' }], { columns: 40 });
    const lines = stderr.trimEnd().split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(40);
    expect(lines.slice(0, 2)).to.deep.equal([
      'Data:    a set with a long name, 600',
      '         training and 100 test samples',
    ]);
  });

  it('says which network is kept, and that training stopped early', () => {
    const ended = (epochs: number) =>
      said([configured({ epochs: 9, patience: 2 }), { ...END, epochs, bestEpoch: 3 }]).stderr;
    expect(ended(5)).to.contain('Stopped early, after epoch 5: no later one was better than epoch 3');
    expect(ended(5)).to.contain('The network of epoch 3 is kept.');
    expect(ended(9)).to.contain('The network of epoch 3 is kept, the best one').and.not.to.contain('Stopped');
    expect(said([START, END]).stderr).not.to.contain('kept');
    const judged = (...accuracies: number[]) => {
      const rows = accuracies.map((valAccuracy, i) => ({
        ...EPOCH,
        epoch: i + 1,
        valAccuracy,
        valLoss: 1 - valAccuracy,
      }));
      return said([START, ...rows, { ...END, epochs: rows.length }]).stderr;
    };
    expect(judged(0.5, 0.7, 0.6)).to.contain(
      'The network of the last epoch, 3, is kept. That of epoch 2 was better on',
    );
    expect(judged(0.5, 0.7)).to.match(/The network of the last epoch, 2, is kept\.$/m);
  });

  it('doubts a rate that is too large for its optimizer, at the start or by the loss of the first steps', () => {
    expect(said([configured({ optimizer: 'adam', lr: 0.1 })]).stderr).to.match(
      /0\.1 is large for adam.*try --lr 0\.001\./,
    );
    for (const config of [{ optimizer: 'adam', lr: 0.001 }, { lr: 0.1 }])
      expect(said([configured(config)]).stderr).not.to.contain('large');
    const steps = (runningLoss: number, epoch = 1): RunEvent[] =>
      [19, 20, 21, 22].map((step) => ({ type: 'step', epoch, step, samples: step, runningLoss }));
    const rising = said([configured({ lr: 3 }), ...steps(5)]).stderr;
    expect(rising.match(/the learning rate 3 is probably too large; try --lr 0\.3\./g)).to.have.length(1);
    for (const events of [steps(2.4), steps(5, 2)]) expect(said([START, ...events]).stderr).not.to.contain('too large');
  });

  it('prints plain lines where nothing can be redrawn', async () => {
    const events: RunEvent[] = [
      START,
      ...[1, 2].map((step) => ({ type: 'step', epoch: 1, step, samples: 9 }) as const),
    ];
    for (const how of [
      { columns: 100, env: { TERM: 'dumb' } },
      { columns: 100, env: { CI: 'true' } },
      { columns: 30 },
    ]) {
      const { stderr } = said([...events, EPOCH, END], how);
      await sleep(0);
      expect(stderr).not.to.contain('\u001b').and.not.to.contain('Epoch 1/2');
    }
    const zero = Object.assign(collector(true), { columns: 0 });
    const io = { stdout: zero, stderr: zero, env: {}, signal: new AbortController().signal };
    expect(createTerminal(io)).to.include({ columns: 80, lineWidth: 80, progress: undefined });
  });
});
