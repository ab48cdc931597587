import { expect } from 'chai';
import { COMMANDS } from '../../../cli/commands';
import { version } from '../../../package.json';
import { session } from '../session';

describe('the command line', () => {
  it('says what it can do, with nothing to do as a usage error', async () => {
    const help = await session(['--help']);
    expect(help.code).to.equal(0);
    for (const name of Object.keys(COMMANDS)) expect(help.stdout).to.match(new RegExp(`^\\s+handgrad ${name}\\b`, 'm'));
    const nothing = await session([]);
    expect(nothing).to.include({ code: 2, stdout: '' });
    expect(nothing.stderr).to.contain('handgrad train');
    expect(await session(['--version'])).to.include({ code: 0, stdout: `${version}\n` });
  });

  for (const name of Object.keys(COMMANDS)) {
    it(`${name} --help has every flag described, and an example`, async () => {
      const { code, stdout } = await session([name, '--help']);
      expect(code).to.equal(0);
      expect(stdout).to.contain('Examples:').and.to.contain(`handgrad ${name} `);
      const command = COMMANDS[name as keyof typeof COMMANDS]();
      for (const [flag, { describe, hidden }] of Object.entries(command.options)) {
        if (hidden) continue;
        expect(describe, flag).to.be.a('string').and.not.equal('');
        expect(stdout).to.contain(`--${flag}`);
      }
    });
  }

  for (const [what, argv, says] of [
    ['F40 an unknown command', ['trian'], /There is no command "trian"; did you mean train\?/],
    ['F40 an unknown flag', ['train', '--epcohs', '3'], /train has no flag --epcohs; did you mean --epochs\?/],
    ['F40 a flag of another command', ['download', '--lr', '1'], /download has no flag --lr/],
    ['F40 a flag with one letter', ['train', '-e', '3'], /train has no flag -e/],
    ['F42 a flag named like a part of every object', ['train', '--constructor', '3'], /no flag --constructor/],
    ['F42 __proto__', ['train', '--__proto__', '3'], /no flag --_+proto_+/],
    ['an unknown flag before any command', ['--jsno'], /handgrad has no flag --jsno/],
    ['a flag without its value', ['train', '--lr'], /--lr needs a value/],
    ['a flag twice', ['train', '--lr', '1', '--lr', '2'], /--lr was given 2 times; give it once/],
    ['an argument too many', ['train', 'mnist'], /does not know what to do with "mnist"/],
    ['an argument that is missing', ['evaluate'], /: Arguments: 0 given, at least 1 needed; --help shows what .*\.$/m],
    ['predict without --index', ['predict', 'run'], /--index/],
    ['two flags that exclude each other', ['train', '--shuffle', '--no-shuffle'], /--shuffle and --no-shuffle exclude/],
    ['a flag in another spelling', ['train', '--batch_size=0', '--run-dir', 'x_y'], /--batch-size must be .*, not 0\./],
    ['a flag in two spellings', ['train', '--batchSize', '8', '--batch-size', '8'], /--batch-size was given 2 times/],
  ] as const) {
    it(`refuses ${what}: exit 2 and one sentence`, async () => {
      const { code, stdout, stderr } = await session(argv);
      expect({ code, stdout }, stderr).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(says);
      expect(stderr.trim().split('\n')).to.have.length(1);
    });
  }

  it('shows the stack of an error with --debug only', async () => {
    const argv = ['evaluate', 'nothing-here'];
    expect((await session(argv)).stderr).not.to.match(/^\s+at /m);
    const { code, stderr } = await session([...argv, '--debug']);
    expect(code).to.equal(8);
    expect(stderr).to.match(/^\s+at /m);
  });

  it('prints names that came from outside without what a terminal would obey', async () => {
    const { stderr } = await session(['tra\u001b[31min']);
    expect(stderr).to.contain('"tra\\u001b[31min"').and.not.to.contain('\u001b');
  });
});
