'use strict';

// The spec reporter. For .ci/run, it adds its totals as a line of JSON to the file that HANDGRAD_TOTALS names, to be
// summed over the mocha processes; and it ends with the files that took longest, with their hooks and the processes
// that they started.
const fs = require('node:fs');
const path = require('node:path');
const { reporters } = require('mocha');

const SLOWEST = 20;

/** Seconds since the start, and seconds of processors that this process and its ended children have used. */
function clocks() {
  // Linux counts in hundredths of a second; other systems have no such file.
  const stat = fs.existsSync('/proc/self/stat') ? fs.readFileSync('/proc/self/stat', 'latin1') : '';
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  return [performance.now() / 1000, ticks.reduce((sum, each) => sum + Number(each), 0) / 100];
}

module.exports = class Totals extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.spent = new Map();
    const started = new Map();
    const isTop = (suite) => suite.parent?.root;
    runner.on('suite', (suite) => isTop(suite) && started.set(suite, clocks()));
    runner.on('suite end', (suite) => {
      if (!isTop(suite)) return;
      const before = this.spent.get(suite.file) ?? [0, 0];
      const [from, to] = [started.get(suite), clocks()];
      this.spent.set(
        suite.file,
        before.map((sum, i) => sum + to[i] - from[i]),
      );
    });
  }

  done(failures, finish) {
    const { passes, failures: failed, pending } = this.stats;
    const file = process.env.HANDGRAD_TOTALS;
    if (file) {
      fs.appendFileSync(file, `${JSON.stringify({ passed: passes, failed, skipped: pending })}\n`);
      console.log('  The slowest files: seconds, and seconds of processors');
      const slowest = [...this.spent].sort(([, [a]], [, [b]]) => b - a).slice(0, SLOWEST);
      for (const [name, times] of slowest) {
        const columns = times.map((seconds) => seconds.toFixed(1).padStart(7));
        console.log(`${columns.join('')}  ${path.relative('', name)}`);
      }
      console.log();
    }
    finish(failures);
  }
};
