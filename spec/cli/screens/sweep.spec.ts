import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { liveLines } from '../../../cli/terminal/liveLines';
import { sweepScreen } from '../../../cli/screens/sweep';
import { sparkline } from '../../../cli/terminal/sparkline';
import { createTerminal } from '../../../cli/terminal/terminal';
import { replay } from '../../../src/sweeps/state/sweepState';
import { specOf } from '../../sweeps/spec/specOf';
import { collector } from '../session';

describe('sparkline', () => {
  it('is as high as the values lie between least and greatest, and shows the last ones', () => {
    expect(sparkline([0, 0.5, 1])).to.equal('▁▅█');
    expect(sparkline([3, null, NaN, 1])).to.equal('█  ▁');
    expect(sparkline([2, 2])).to.equal('▅▅');
    expect(sparkline([])).to.equal('');
    expect(sparkline([9, 0, 1], 2)).to.equal('▁█');
  });
});

describe('liveLines', () => {
  const on = (isTTY: boolean) => {
    const stderr = collector(isTTY);
    const terminal = createTerminal({ stdout: collector(), stderr, env: {}, signal: new AbortController().signal });
    return { stderr, terminal };
  };

  it('draws over what it drew, cut to the width, and takes it away', async () => {
    const { stderr, terminal } = on(true);
    let shown = ['a', 'b'];
    const live = liveLines(terminal, () => shown);
    for (const next of [['a', 'b'], ['c'.repeat(300)]]) {
      shown = next;
      live.touch();
      await delay(300);
    }
    live.stop();
    const up = '\x1b[1A\x1b[2K';
    expect(stderr.text()).to.equal(`\x1b[1Ga\nb\n${up}${up}\x1b[1G${'c'.repeat(98)}…\n${up}\x1b[1G`);
  });

  it('says nothing where there is no terminal', async () => {
    const { stderr, terminal } = on(false);
    const live = liveLines(terminal, () => ['a']);
    live.touch();
    await delay(250);
    live.stop();
    expect(stderr.text()).to.equal('');
  });
});

describe('the screen of a sweep', () => {
  it('shows a running trial by what is searched, not by what all trials share', async () => {
    const spec = specOf({ method: 'grid', parameters: { lr: { values: [0.1, 0.2] } }, fixed: { epochs: 3 } });
    const state = replay(spec, [{ type: 'trial', trial: 0, configuration: { lr: 0.1 } }]);
    const stderr = collector(true);
    const io = { stdout: collector(true), stderr, env: {}, signal: new AbortController().signal };
    const screen = sweepScreen(createTerminal(io), state, { json: false });
    screen.show({ type: 'trial', trial: 0, seed: 0, rung: 0, epochs: 3, settings: { epochs: 3, lr: 0.1 } });
    await delay(300);
    screen.stop();
    expect(stderr.text()).to.match(/ 0\/3 epochs, [\d.]+ s: lr=0\.1\n/);
  });
});
