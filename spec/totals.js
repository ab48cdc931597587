'use strict';

// The spec reporter. For .ci/run, it adds its totals as a line of JSON to the file that HANDGRAD_TOTALS names, to be
// summed over the mocha processes; and it ends with the files that took longest, their hooks included.
const fs = require('node:fs');
const path = require('node:path');
const { reporters } = require('mocha');

const SLOWEST = 15;

module.exports = class Totals extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    /** Seconds of each file. A suite at the top has its file's name. */
    this.seconds = new Map();
    const started = new Map();
    const isTop = (suite) => suite.parent?.root;
    runner.on('suite', (suite) => isTop(suite) && started.set(suite, performance.now()));
    runner.on('suite end', (suite) => {
      if (!isTop(suite)) return;
      const spent = (performance.now() - started.get(suite)) / 1000;
      this.seconds.set(suite.file, (this.seconds.get(suite.file) ?? 0) + spent);
    });
  }

  done(failures, finish) {
    const { passes, failures: failed, pending } = this.stats;
    const file = process.env.HANDGRAD_TOTALS;
    if (file) {
      fs.appendFileSync(file, `${JSON.stringify({ passed: passes, failed, skipped: pending })}\n`);
      console.log('  The slowest files:');
      const slowest = [...this.seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
      for (const [name, seconds] of slowest)
        console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${path.relative('', name)}`);
      console.log();
    }
    finish(failures);
  }
};
