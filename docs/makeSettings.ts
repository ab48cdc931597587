import fs from 'node:fs';
import path from 'node:path';
import { flagName } from '../cli/arguments/flagNames';
import { CONFIG_KEYS, type ConfigKey, defaultText, type Setting, settings } from '../src/runs/config';
import { SYNONYMS } from '../src/runs/synonyms';
import { VARIABLES } from '../src/runs/variables';

// docs/settings.md, from the table of settings: node --require ./bin/register.js docs/makeSettings.ts

const HEAD = `# Settings

Every setting of a run. This page is generated from the table in [\`src/runs/settings.ts\`](../src/runs/settings.ts)
by \`npm run settings\`. On the command line a setting is a flag: \`batchSize\` is \`--batch-size\`. Config files
(\`--config\`) and sweep files accept \`batchSize\`, \`batch-size\` and \`batch_size\` alike, and the names in the last
table. Flags override files, files override environment variables, and those override the defaults.
`;

const SYNONYMS_HEAD = `## Names of other tools

scikit-learn, Keras, Lightning, the Hugging Face Trainer and W&B have other names for some settings. These are accepted
everywhere, as flags, in config files and in sweep files.
`;

/** The text of docs/settings.md. */
export function settingsPage(): string {
  const groups = [...new Set(CONFIG_KEYS.map((key) => settings[key].group))];
  const synonyms = CONFIG_KEYS.filter((key) => SYNONYMS[key]).map((key) => [
    `\`${key}\``,
    SYNONYMS[key]!.map((name) => `\`${name}\``).join(', '),
  ]);
  const variables = Object.entries(VARIABLES).map(([name, gives]) => [`\`${name}\``, gives]);
  return [
    HEAD,
    ...groups.map(section),
    ...[SYNONYMS_HEAD, table(['setting', 'accepted as well'], synonyms)],
    ...['## Environment variables\n', table(['variable', 'gives'], variables)],
  ].join('\n');
}

function section(group: string): string {
  const keys = CONFIG_KEYS.filter((key) => settings[key].group === group);
  const choices = keys.filter((key) => settings[key].kind.meanings);
  return [
    `## ${group}\n`,
    table(['setting', 'flag', 'default', 'takes', 'what it does'], keys.map(row)),
    ...choices.map((key) => {
      const rows = Object.entries(settings[key].kind.meanings!).map(([name, meaning]) => [`\`${name}\``, meaning]);
      return table([`\`${key}\``, 'meaning'], rows);
    }),
  ].join('\n');
}

function row(key: ConfigKey): string[] {
  const { kind, help, default: standard, defaultBy, tableDefault }: Setting = settings[key];
  const shown = defaultBy || tableDefault ? defaultText(settings[key]) : JSON.stringify(standard)?.replaceAll('"', '');
  const flag = `\`--${standard === true ? 'no-' : ''}${flagName(key)}\``;
  const what = [help, ...notes(settings[key])].join('. ');
  return [
    `\`${key}\``,
    flag,
    shown === undefined ? '' : `\`${shown}\``,
    kind.meanings ? 'a name, below' : kind.rule,
    what,
  ];
}

function notes(setting: Setting): string[] {
  const { needs, tables, task, backends, variable, resumable, inModel, unsearchable, formerly } = setting;
  return [
    ...(needs ? [`Needs \`${needs.setting}\`${needs.values ? ` ${needs.values.join(', ')}` : ''}`] : []),
    ...(tables ? ['Tables only'] : []),
    ...(task ? [`For ${task}`] : []),
    ...(backends ? [`Backends: ${backends.join(', ')}`] : []),
    ...(variable ? [`Default from \`${variable}\``] : []),
    ...(resumable ? ['A resumed run may change it'] : []),
    ...(inModel === false ? ['Not recorded in model files'] : []),
    ...(unsearchable ? [`Not in sweeps: ${unsearchable}`] : []),
    ...(formerly ? [`Formerly \`${formerly.join(', ')}\``] : []),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

if (require.main === module) fs.writeFileSync(path.join(__dirname, 'settings.md'), settingsPage());
