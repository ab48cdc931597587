'use strict';

// `npm test`: the specs, the oracle's, and the mathematics on tensorflow, each in a mocha process of its own; all three are run, and
// all get the arguments. Exits with 1 when one of them failed.
const { spawnSync } = require('node:child_process');

const mocha = require.resolve('mocha/bin/mocha.js');
const failed = ['.mocharc.json', '.mocharc.oracle.json', '.mocharc.tensorflow.json'].filter((config) => {
  const { status } = spawnSync(process.execPath, [mocha, '--config', config, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  return status !== 0;
});
if (failed.length > 0) process.exitCode = 1;
