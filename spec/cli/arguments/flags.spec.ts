import { expect } from 'chai';
import { number, oneOf, wholeNumber } from '../../../src/kinds';
import { COMMANDS } from '../../../cli/commands';
import { COMMAND_NAMES } from '../../../cli/commandNames';
import { defineCommand } from '../../../cli/arguments/command';
import {
  argument,
  flag,
  optionalArgument,
  PATH,
  restArguments,
  severalFlag,
  toggle,
} from '../../../cli/arguments/flags';
import { failure } from '../../failure';
import { collector } from '../session';

/** What a command was run with. */
async function runWith(args: Record<string, unknown>) {
  const seen: unknown[] = [];
  const command = defineCommand({
    summary: 'a command',
    arguments: {
      model: argument(PATH, 'a model'),
      out: optionalArgument(PATH, 'a folder'),
      rest: restArguments(PATH, 'more', { atLeastOne: false }),
    },
    settings: ['lr'],
    flags: {
      topCount: flag(wholeNumber(1, 9), { help: 'how many' }),
      rate: flag(
        number('a number', () => true),
        { default: 0.5, help: 'how fast' },
      ),
      index: severalFlag(wholeNumber(0, 9), { help: 'which' }),
      json: toggle({ help: 'as JSON' }),
      way: flag(oneOf(['here', 'there']), { help: 'where' }),
    },
    examples: [['a command', 'does it']],
    run({ model, out, rest, topCount, rate, index, json }, { config }) {
      // The types are those of the declarations: none of these needs a cast.
      const typed: [string, string | undefined, readonly string[], number | undefined, number] = [
        ...([model, out, rest, topCount, rate] as const),
      ];
      const more: [readonly number[] | undefined, boolean, number] = [index, json, config.lr];
      seen.push(...typed, ...more);
      return Promise.resolve();
    },
  });
  const [stdout, stderr] = [collector(false), collector(false)];
  await command.run(args, { stdout, stderr, env: {}, signal: new AbortController().signal }, COMMANDS);
  return { seen, command };
}

describe('flags and arguments', () => {
  it('are read by their kinds, and have their defaults where they are not given', async () => {
    expect((await runWith({ MODEL: 'm' })).seen).to.deep.equal([
      ...['m', undefined, [], undefined, 0.5, undefined, false, 0.1],
    ]);
    const all = {
      MODEL: 'm',
      OUT: 'o',
      REST: ['a'],
      'top-count': '3',
      rate: '2',
      index: ['0', '9'],
      json: true,
      lr: '1',
    };
    expect((await runWith(all)).seen).to.deep.equal(['m', 'o', ['a'], 3, 2, [0, 9], true, 1]);
  });

  it('stand in usage and help as they are typed', async () => {
    const { command } = await runWith({ MODEL: 'm' });
    expect(command.usage).to.equal('<MODEL> [OUT] [REST..]');
    expect(Object.keys(command.options)).to.deep.equal(['lr', 'top-count', 'rate', 'index', 'json', 'way']);
    expect(command.options['rate']).to.include({ defaultDescription: '0.5', requiresArg: true, nargs: 1 });
    expect(command.options['top-count']).not.to.have.property('defaultDescription');
  });

  for (const [args, says] of [
    [{ 'top-count': '0' }, '--top-count must be a whole number from 1 to 9, not "0".'],
    [{ 'top-count': ['1', '2'] }, 'The flag --top-count was given 2 times; give it once.'],
    [{ json: [true, true] }, 'The flag --json was given 2 times; give it once.'],
    [{ lr: ['1', '2'] }, 'The flag --lr was given 2 times; give it once.'],
    [{ way: 'hre' }, '--way must be one of here, there, not "hre"; did you mean here?'],
    [{ index: [] }, 'The flag --index needs a value.'],
    [{ index: ['1', 'x'] }, '--index must be a whole number from 0 to 9, not "x".'],
    [{ MODEL: '' }, 'MODEL must be a path, not "".'],
    [{ OUT: 'a\0b' }, 'OUT must be a path, not "a\\u0000b".'],
  ] as const) {
    it(`refuse ${JSON.stringify(args)}`, async () => {
      expect(await failure('usage', () => runWith({ MODEL: 'm', ...args }))).to.equal(says);
    });
  }

  it('of a choice that must be made say so to yargs', () => {
    const { options } = flag(oneOf(['a', 'b']), { required: 'it needs --what, one of a, b.', help: 'what' });
    expect(options.demandOption).to.equal('it needs --what, one of a, b.');
  });

  for (const name of COMMAND_NAMES) {
    it(`of ${name} have help in the words of the command line, and groups of one spelling`, () => {
      for (const [flag, { describe, group, hidden }] of Object.entries(COMMANDS[name]().options)) {
        expect(describe, flag).to.match(/^\S.*[^\s.]$/);
        expect(describe, flag).not.to.contain('`');
        if (!hidden)
          expect([
            undefined,
            'Data:',
            'Network:',
            'Training:',
            'Backend:',
            'Output:',
            'Queue:',
            'Machine:',
            'Sweep:',
            'Runs:',
          ]).to.include(group);
      }
    });
  }
});
