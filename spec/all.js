'use strict';

// `npm test`: the specs, those of sweeps, the fuzzers, the oracle's, and the mathematics on native, on cuda (a stand-in
// plays its driver) and on tensorflow, each in a mocha process of its own; all are run, and all get the arguments. The
// first one, which takes as long as the others together, runs beside them; what they print follows when it is done.
// Exits with 1 when one failed.
const { spawn } = require('node:child_process');

const mocha = require.resolve('mocha/bin/mocha.js');
const start = (name, stdio) =>
  spawn(process.execPath, [mocha, '--config', `.mocharc${name}.json`, ...process.argv.slice(2)], { stdio });
const ended = (child) => new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));

/** One after the other. @returns what they printed, and whether all passed */
async function others() {
  const parts = [];
  let passed = true;
  for (const name of ['.sweeps', '.fuzz', '.oracle', '.native', '.oracle-native', '.cuda', '.tensorflow']) {
    const child = start(name, ['ignore', 'pipe', 'pipe']);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => parts.push(chunk));
    passed = (await ended(child)) && passed;
  }
  return { text: Buffer.concat(parts), passed };
}

async function main() {
  const rest = others();
  const passed = await ended(start('', 'inherit'));
  const { text, passed: restPassed } = await rest;
  process.stdout.write(text);
  if (!passed || !restPassed) process.exitCode = 1;
}

void main();
