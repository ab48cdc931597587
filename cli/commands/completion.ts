import { choice, type Kind } from '../../src/kinds';
import { complete } from '../arguments/complete';
import { defineCommand } from '../arguments/command';
import { argument, restArguments } from '../arguments/flags';

type Shell = 'bash' | 'zsh' | 'fish';

/** Each asks `handgrad completion words` for what may follow, and completes paths itself where nothing else may. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# handgrad: completion for bash; in ~/.bashrc: source <(handgrad completion bash)
_handgrad() {
  local IFS=$'\\n'
  COMPREPLY=($(handgrad completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -o nosort -F _handgrad handgrad`,
  zsh: `#compdef handgrad
# handgrad: completion for zsh; in ~/.zshrc, after compinit: source <(handgrad completion zsh)
_handgrad() {
  local -a found
  found=("\${(@f)$(handgrad completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found//:/\\\\:}")
  found=("\${(@)found/$'\\t'/:}")
  if [[ -n "\${found[1]}" ]]; then _describe -V handgrad found; else _files; fi
}
compdef _handgrad handgrad`,
  fish: `# handgrad: completion for fish; handgrad completion fish > ~/.config/fish/completions/handgrad.fish
function __handgrad_complete
  set -l words (commandline --tokenize --cut-at-cursor --current-process) (commandline --current-token --cut-at-cursor)
  set -l found (handgrad completion words -- $words[2..] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline --current-token)
  end
end
complete --command handgrad --no-files --keep-order --arguments '(__handgrad_complete)'`,
};

const SHELL = choice<Shell | 'words'>({
  bash: 'the script for bash',
  zsh: 'the script for zsh',
  fish: 'the script for fish',
  words: 'what completes a command line, for the scripts',
});

/** Also an empty one. */
const WORD: Kind<string> = {
  rule: 'a word',
  read: (given) => given,
  accepts: (value): value is string => typeof value === 'string',
};

export const command = defineCommand({
  summary: 'print the script that completes commands, flags, data sets, backends and runs in a shell',
  arguments: {
    shell: argument(SHELL, 'bash, zsh or fish; the scripts themselves ask for "words"'),
    words: restArguments(WORD, 'for "words": the command line so far', { atLeastOne: false }),
  },
  flags: {},
  examples: [
    ['completion bash', 'in ~/.bashrc: source <(handgrad completion bash)'],
    ['completion zsh', 'in ~/.zshrc, after compinit: source <(handgrad completion zsh)'],
    ['completion fish', 'into ~/.config/fish/completions/handgrad.fish'],
  ],
  async run({ shell, words }, { commands, terminal }) {
    if (shell !== 'words') return terminal.result(SCRIPTS[shell]);
    const found = await complete(words, commands);
    if (found.length > 0)
      terminal.result(found.map(({ word, about }) => (about ? `${word}\t${about}` : word)).join('\n'));
  },
});
