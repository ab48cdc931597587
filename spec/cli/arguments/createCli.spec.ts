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
    [
      'a value that begins with a dash',
      ['train', '--run-dir', '-out'],
      /^Error: train has no flag -out; a value that begins with a dash is written --run-dir=-out\.\n$/,
    ],
    ['a flag that is missing, in one sentence', ['export', 'runs/x'], /^Error: export needs --format, one of .*\.\n$/],
    ['F40 a flag with one letter', ['train', '-e', '3'], /train has no flag -e/],
    ['F42 a flag named like a part of every object', ['train', '--constructor', '3'], /no flag --constructor/],
    ['F42 __proto__', ['train', '--__proto__', '3'], /no flag --_+proto_+/],
    ['an unknown flag before any command', ['--jsno'], /handgrad has no flag --jsno/],
    ['a flag without its value', ['train', '--lr'], /--lr needs a value/],
    ['a flag twice', ['train', '--lr', '1', '--lr', '2'], /--lr was given 2 times; give it once/],
    ['an argument too many', ['train', 'mnist', 'emnist'], /does not know what to do with "emnist"/],
    ['two data sets', ['train', 'a.csv', '--dataset', 'b.csv'], /data sets, "a\.csv" and --dataset "b\.csv"; leave/],
    [
      'a config as the data set',
      ['train', 'recipes/adam.yaml'],
      /not a data set; .* use --config recipes\/adam\.yaml\.$/m,
    ],
    ['a number that is no data set', ['gradcheck', '--hidden', '8', '4', 'a.csv'], /with commas: --hidden 8,4\.$/m],
    ['an element that is no data set', ['train', '--dataset', 'a.csv', '--drop', 'x', 'y'], /commas: --drop x,y\.$/m],
    ['nothing to describe', ['describe'], /describe needs DATASET: the data set, .*; see handgrad describe --help\.$/m],
    [
      'an argument that is missing',
      ['evaluate'],
      /evaluate needs MODEL: a run folder or .*; see handgrad evaluate --help\.$/m,
    ],
    ['predict without --index', ['predict', 'run'], /--index/],
    ['two flags that exclude each other', ['train', '--shuffle', '--no-shuffle'], /--shuffle and --no-shuffle exclude/],
    ['a flag in another spelling', ['train', '--batch_size=0', '--run-dir', 'x_y'], /--batch-size must be .*, not 0\./],
    ['a flag in two spellings', ['train', '--batchSize', '8', '--batch-size', '8'], /--batch-size was given 2 times/],
    ['a list without commas', ['train', '--epochs', '1', '--hidden', '128', '64'], /with commas: --hidden 128,64\.$/m],
    ['a list with one comma', ['train', '--hidden=128,', '64', '--epochs', '1'], /with commas: --hidden 128,64\.$/m],
    ['a list in one word', ['train', '--hidden', '128 64'], /--hidden must be .*not "128 64"; write 128,64\./],
    ['the name of another tool', ['train', '--learning-rate', 'x'], /--lr must be a number/],
    ['a name with two meanings', ['train', '--max_lr', '1'], /no flag --max-lr; did you mean --lr or --schedule\?/],
    ['a name that other programs have', ['train', '--output-dir', 'x'], /; did you mean --run-dir\?/],
    ['a synonym of what the command lacks', ['download', '--learning-rate', '1'], /no flag --learning-rate\.$/m],
    ['what is like nothing', ['train', '--frobnicate'], /no flag --frobnicate\.$/m],
    ['a command like nothing', ['frobnicate'], /no command "frobnicate"; handgrad --help lists the commands\./],
    ['help about nothing', ['help', 'trian'], /no command "trian"; did you mean train\?/],
    ['nothing --help', ['trian', '--help'], /no command "trian"; did you mean train\?/],
  ] as const) {
    it(`refuses ${what}: exit 2 and one sentence`, async () => {
      const { code, stdout, stderr } = await session(argv);
      expect({ code, stdout }, stderr).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(says);
      expect(stderr.trim().split('\n')).to.have.length(1);
    });
  }

  it('lists every mistake at once', async () => {
    const { code, stderr } = await session(['train', '--lr', 'x', '--epochs', '0']);
    expect(code).to.equal(2);
    expect(stderr.trim().split('\n')).to.have.length(3);
    expect(stderr).to.match(/mistakes \(2\):\n {2}- --epochs must .*\n {2}- --lr must/);
  });

  it('shows help however it is asked for', async () => {
    const { stdout } = await session(['sweep', '--help']);
    const ways = [
      ['sweep', '-h'],
      ['help', 'sweep'],
      ['-h', 'sweep'],
      ['sweep', 'status', '--help'],
      ['sweep', '--nonsense', '-h'],
    ];
    for (const argv of ways) expect(await session(argv), argv.join(' ')).to.deep.include({ code: 0, stdout });
    const all = await session(['--help']);
    for (const argv of [['-h'], ['help']]) expect(await session(argv)).to.deep.equal(all);
  });

  it('takes names that begin with a dash after --, which also ends the values of a flag', async () => {
    const says = async (argv: readonly string[]) => (await session(argv)).stderr;
    expect(await says(['evaluate', '--', '-out'])).to.match(/There is no run folder or model file -out;/);
    expect(await says(['predict', 'm', '--', '-x.png', '--y.png'])).to.match(/no run folder or model file m;/);
    expect(await says(['predict', '--index', '0', '1', '--', '-m'])).to.match(/no run folder or model file -m;/);
    expect(await says(['evaluate', '--', '--help'])).to.match(/model file --help;/);
  });

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
