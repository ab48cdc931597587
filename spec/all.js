'use strict';

// `npm test`: the specs, the oracle's, and the mathematics on native, on cuda (a stand-in plays its driver) and on
// tensorflow, each in a mocha process of its own; all are run, and all get the arguments. Exits with 1 when one of them
// failed.
const { spawnSync } = require('node:child_process');

const mocha = require.resolve('mocha/bin/mocha.js');
const processes = ['', '.oracle', '.native', '.oracle-native', '.cuda', '.tensorflow'];
const failed = processes.filter((name) => {
  const argv = [mocha, '--config', `.mocharc${name}.json`, ...process.argv.slice(2)];
  return spawnSync(process.execPath, argv, { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) process.exitCode = 1;
