import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { complete } from '../../../cli/arguments/complete';
import { COMMANDS } from '../../../cli/commands';
import { COMMAND_NAMES } from '../../../cli/commandNames';
import { need } from '../../need';
import { session } from '../session';

describe('complete', () => {
  const words = async (...typed: string[]) => (await complete(typed, COMMANDS)).map(({ word }) => word);

  it('completes commands, then their flags, each once, and nothing after what is no command', async () => {
    expect(await words('')).to.deep.equal([...COMMAND_NAMES, 'help']);
    expect(await words('tr')).to.deep.equal(['train']);
    expect(await words('train', '--batch')).to.deep.equal(['--batch-norm', '--batch-size']);
    expect(await words('train', '--batch-size', '8', '--batch')).to.deep.equal(['--batch-norm']);
    expect(await words('trian', '')).to.deep.equal([]);
    const flags = await complete(['train', '--'], COMMANDS);
    for (const { word, about } of flags) expect(about, word).to.match(/\S{2}/);
    expect(flags.map(({ word }) => word)).to.not.include.members(['--normalise', '--no-normalize']);
  });

  it('completes backends, data sets and other names, each where it may stand', async () => {
    expect(await words('train', '--backend', 'w')).to.deep.equal(['webgpu', 'wasm']);
    expect(await words('train', '--dataset', 'fash')).to.deep.equal(['fashion-mnist']);
    expect(await words('download', 'm')).to.deep.equal(['mnist']);
    for (const name of ['describe', 'train', 'find-lr', 'gradcheck'])
      expect(await words(name, 'km'), name).to.deep.equal(['kmnist']);
    expect(await words('describe', 'iris.csv', '--label')).to.deep.equal(['--label-column', '--label-smoothing']);
    expect(await words('setup', '')).to.deep.equal(['native', 'tensorflow']);
    expect(await words('train', '--augment', 'shift,f')).to.deep.equal(['shift,flip']);
    expect(await words('export', 'run', '--format', 'o')).to.deep.equal(['onnx']);
    // Files, which the shell knows better.
    for (const typed of [
      ['train', '--config', ''],
      ['predict', 'run', ''],
    ])
      expect(await words(...typed)).to.deep.equal([]);
  });

  it('completes the runs of the folder runs/, where a run or a sweep is meant', async () => {
    const before = process.cwd();
    const folder = mkdtempSync(join(tmpdir(), 'handgrad-completion-'));
    for (const [name, mark] of [
      ['a-1', 'config.json'],
      ['a-2', 'journal.jsonl'],
      ['a-3', 'other'],
    ] as const) {
      mkdirSync(join(folder, 'runs', name), { recursive: true });
      writeFileSync(join(folder, 'runs', name, mark), '');
    }
    process.chdir(folder);
    try {
      for (const typed of [['evaluate'], ['train', '--resume'], ['report', 'x'], ['train', '--init-from']]) {
        expect(await words(...typed, 'ru'), typed.join(' ')).to.deep.equal(['runs/a-2', 'runs/a-1']);
      }
      expect(await words('evaluate', 'runs/a-1')).to.deep.equal(['runs/a-1']);
      expect(await words('evaluate', 'else/')).to.deep.equal([]);
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });
});

describe('handgrad completion', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'handgrad-shells-'));
    // It shows how it was called, and answers as the program does.
    writeFileSync(join(folder, 'handgrad'), `#!/bin/sh\nprintf '%s\\tof: %s\\n' train "$*" tra:ck ""\n`);
    chmodSync(join(folder, 'handgrad'), 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  const script = async (shell: string) => (await session(['completion', shell])).stdout;
  const inShell = (context: Mocha.Context, shell: string, code: string) => {
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}`, HOME: folder };
    try {
      return execFileSync(shell, ['-c', code], { env, encoding: 'utf8' }).trim().split('\n');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      need(context, `${shell} is not installed`);
      return [];
    }
  };

  it('prints words and their meanings, and nothing where there are none', async () => {
    expect(await session(['completion', 'words', '--', 'tra'])).to.deep.equal({
      ...{ code: 0, stderr: '', stdout: `train\t${COMMANDS.train().summary}\n` },
    });
    expect(await session(['completion', 'words', '--', 'predict', 'run', ''])).to.include({ code: 0, stdout: '' });
  });

  it('works in bash', async function () {
    const code = `${await script('bash')}
      COMP_WORDS=(handgrad train --backend ''); COMP_CWORD=3; _handgrad; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(inShell(this, 'bash', code)).to.deep.equal(['train', 'tra:ck']);
  });

  it('works in zsh', async function () {
    const code = `compdef() {}; _describe() { print -rl -- "\${found[@]}" }; ${await script('zsh')}
      words=(handgrad train --backend ''); CURRENT=4; _handgrad`;
    const asked = 'of\\: completion words -- train --backend ';
    expect(inShell(this, 'zsh', code)).to.deep.equal([`train:${asked}`, 'tra\\:ck:of\\:']);
  });

  it('works in fish', async function () {
    const code = `${await script('fish')}\ncomplete -C 'handgrad train --backend tra'`;
    expect(inShell(this, 'fish', code)).to.deep.equal([
      ...['train\tof: completion words -- train --backend tra', 'tra:ck\tof:'],
    ]);
  });
});
