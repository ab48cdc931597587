'use strict';
// Starts handgrad in a checkout, in this process: `npm run handgrad`.
// The installed package starts dist/cli/main.js instead.
require('./register');
require('../cli/main.ts');
