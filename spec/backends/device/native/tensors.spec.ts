import { selectBackend } from '../../../../src/backends';
import { startBackend } from '../../../backend';
import { tensorsOnADevice } from '../deviceSpecs';

describe('tensors on native', function () {
  this.timeout(60_000);
  before(async function () {
    await selectBackend('cpu');
    await startBackend(this, 'native');
  });
  after(() => selectBackend('cpu'));
  tensorsOnADevice('native');
});
