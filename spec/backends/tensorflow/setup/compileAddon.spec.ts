import { expect } from 'chai';
import { setupFolder, readBuiltAddon } from '../../../../src/backends/tensorflow/builtAddon';
import { runInChild } from '../../child';
import { need } from '../../../need';

describe('the tensorflow backend that setup tensorflow built', function () {
  this.timeout(60_000);

  it('hears every signal while it computes, and computes on', async function () {
    need(
      this,
      readBuiltAddon(setupFolder()) ? undefined : 'there is no .cache/tensorflow; run "handgrad setup tensorflow"',
    );
    // Without its mask of signals, small products come back to a broken heap after a few of them.
    const { code, stdout, stderr } = await runInChild(
      `
      const { spawn } = require('node:child_process');
      const tf = require('@tensorflow/tfjs-core');
      const { selectBackend } = require('./src/backends');
      selectBackend('tensorflow').then(async () => {
        let [heard, ended] = [0, false];
        process.on('SIGUSR2', () => heard++);
        const [A, B] = [tf.ones([256, 256]), tf.ones([256, 10])];
        const send = 'for i in $(seq 300); do kill -USR2 ' + process.pid + '; sleep 0.01; done; ' +
          'grep SigBlk /proc/self/status';
        const sender = spawn('bash', ['-c', send], { stdio: ['ignore', 'inherit', 'inherit'] });
        sender.on('close', () => (ended = true));
        while (!ended) {
          tf.tidy(() => { for (let i = 0; i < 200; i++) tf.matMul(A, B); });
          await new Promise(setImmediate);
        }
        console.log('heard ' + heard);
      });`,
      { HANDGRAD_TFJS_NODE: undefined },
    );
    expect(code, stderr).to.equal(0);
    expect(Number(/heard (\d+)/.exec(stdout)?.[1])).to.be.above(250);
    // The processes that it starts get signals as usual.
    if (process.platform === 'linux') expect(stdout).to.match(/SigBlk:\s+0{16}\n/);
  });
});
