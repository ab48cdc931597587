import type * as Mocha from 'mocha';
import { standInAbsent, standInFolder } from './backends/device/standIn/standIn';
import { need } from './need';

// Loaded before the specs that `npm test` runs again on the cuda backend, whose driver is played by a stand-in. The
// mutants are left out: that each is caught does not depend on the backend, and they take as long as everything else.
process.env['HANDGRAD_SPEC_BACKEND'] = 'cuda';

export const mochaHooks: Mocha.RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(120_000); // compiles the stand-in
    need(this, standInAbsent());
    process.env['HANDGRAD_CUDA_LIBS'] = await standInFolder();
  },
};
