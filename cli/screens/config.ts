import { formatConfigFile } from '../../src/files/configFile';
import { CONFIG_KEYS, type ConfigKey, type Origin, settings } from '../../src/runs/config';
import type { RunPlan } from '../../src/runs/plan';
import { visible } from '../../src/words';
import type { Context } from '../arguments/command';

/**
 * Shows a resolved config, with where each value comes from: as a config file with comments, or as JSON.
 * @param context.origins of what the plan knows as options: flags and files
 */
export async function showConfig(
  { config, origins }: RunPlan,
  { terminal, origins: given }: Pick<Context, 'terminal' | 'origins'>,
  { json }: { readonly json: boolean },
): Promise<void> {
  const rows = CONFIG_KEYS.filter((key) => key in config).map((key) => {
    const origin = origins.get(key)!;
    return [key, config[key], originText(key, origin === 'options' ? given.get(key)! : origin)] as const;
  });
  if (json) terminal.json({ config, origins: Object.fromEntries(rows.map(([key, , origin]) => [key, origin])) });
  else await terminal.write(formatConfigFile(rows));
}

function originText(key: ConfigKey, origin: Origin): string {
  if (typeof origin === 'object') return visible(origin.file).replaceAll('\n', ' ');
  const words: Readonly<Record<Exclude<Origin, object>, string>> = {
    options: 'flag',
    environment: settings[key].variable ?? 'environment',
    default: settings[key].defaultBy ? `default of the ${settings[key].defaultBy.setting}` : 'default',
    'table default': 'table default',
    data: 'fitted to the data',
    'initial weights': 'as in initFrom',
  };
  return words[origin];
}
