import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULTS } from '../../../src/runs/config';
import { createTerminal } from '../../../cli/terminal/terminal';
import { trainingScreen } from '../../../cli/screens/training';
import type { RunEnd, StartEvent } from '../../../src/runs/events';
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
  for (const step of [1, 2, 3]) screen.show({ type: 'step', epoch: 1, step, samples: 200 * step });
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
      'Epoch 1, Loss: 0.6413, Test Accuracy: 0.7668 (2.1 s, 31,578 samples/s)\n' +
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
      'Epoch 1, Loss: 0.6413, Val RMSE: 51235 (2.1 s, 31,578 samples/s)\n' +
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
      .and.to.match(/3\/3 batches, [\d,]+ samples\/s, [\d.]+ s left/);
    expect((await tell({ quiet: true })).stderr).to.equal('');
  });
});
