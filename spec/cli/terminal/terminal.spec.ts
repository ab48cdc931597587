import { expect } from 'chai';
import { withProgram } from '../../../cli/terminal/terminal';
import { session } from '../session';

describe('how messages name a command', () => {
  const said = 'Saved in runs/a; look at it with: handgrad evaluate runs/a';

  it('is as it was started: by the name of an installed program, through npm in a checkout, by npx', () => {
    expect(withProgram(said, {})).to.equal(said);
    expect(withProgram(said, { npm_lifecycle_event: 'train', npm_package_name: 'handgrad' })).to.equal(
      'Saved in runs/a; look at it with: npm run --silent handgrad -- evaluate runs/a',
    );
    const npx = { npm_lifecycle_event: 'npx', npm_package_name: 'theirs' };
    expect(withProgram(said, { ...npx, npm_lifecycle_script: "'handgrad' train" })).to.match(/: npx handgrad evaluate/);
    expect(withProgram(said, { ...npx, npm_lifecycle_script: 'mocha' })).to.equal(said);
    expect(withProgram(said, { npm_lifecycle_event: 'train', npm_package_name: 'theirs' })).to.equal(said);
  });

  it('leaves alone what is no command', () => {
    const about = 'This is a defect of handgrad; handgrad reads format 1';
    expect(withProgram(about, { npm_lifecycle_event: 'npx', npm_lifecycle_script: 'handgrad' })).to.equal(about);
  });

  it('holds for errors too', async () => {
    const { stderr } = await session(['sweep'], { npm_lifecycle_event: 'handgrad', npm_package_name: 'handgrad' });
    expect(stderr).to.contain('see npm run --silent handgrad -- sweep --help.');
  });
});
