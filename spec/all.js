'use strict';

// `npm test`: the specs in mocha processes, of which three run at a time. All are run, all get the arguments, and what
// they print follows when a lane is done; the first is shown as it runs. Exits with 1 when one failed.
const { spawn } = require('node:child_process');

/** Lanes that take about as long as each other; a process for each configuration, one after the other. */
const LANES = [
  // What computes.
  [''],
  // What starts programs and browsers.
  ['.programs'],
  // Sweeps, fuzzers, the oracle's, and the mathematics on native, cuda (a stand-in plays its driver) and tensorflow.
  ['.sweeps', '.fuzz', '.oracle', '.native', '.oracle-native', '.cuda', '.tensorflow'],
];

const mocha = require.resolve('mocha/bin/mocha.js');
const start = (name, stdio) =>
  spawn(process.execPath, [mocha, '--config', `.mocharc${name}.json`, ...process.argv.slice(2)], { stdio });
const ended = (child) => new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));

/** @returns what the processes of a lane printed, and whether all passed */
async function run(lane, isShown) {
  const parts = [];
  let passed = true;
  for (const name of lane) {
    const child = start(name, isShown ? 'inherit' : ['ignore', 'pipe', 'pipe']);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => parts.push(chunk));
    passed = (await ended(child)) && passed;
  }
  return { text: Buffer.concat(parts), passed };
}

async function main() {
  const lanes = LANES.map((lane, i) => run(lane, i === 0));
  for (const lane of lanes) {
    const { text, passed } = await lane;
    process.stdout.write(text);
    if (!passed) process.exitCode = 1;
  }
}

void main();
