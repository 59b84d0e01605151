import { ConfigurationError } from '../config/configurationProblem.ts';
import type { EffectiveSetting } from '../config/effectiveSettings.ts';
import type { LoadedConfiguration } from '../config/loadConfiguration.ts';
import type { Command, CommandContext } from './command.ts';
import { loadConfigurationFor, settingOptions } from './settingFlags.ts';

/** The `check-config` command. A configuration with problems is the caller's to report, but for `--json`. */
export const checkConfig: Command = {
  name: 'check-config',
  summary: 'Check the configuration and show what is in force.',
  details: [
    'It takes the flags of serve, and so shows what serve would do with them. Secrets are not shown.',
  ],
  options: {
    ...settingOptions(),
    json: { type: 'boolean', description: 'Print one JSON object.' },
  },
  run: async (context) => {
    if (context.flags.has('json')) return printJson(context);
    context.stdout.write(describe(loadConfigurationFor(context)));
    return 0;
  },
};

function printJson(context: CommandContext): number {
  const print = (result: object): void => {
    context.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  };
  try {
    const { file, effective } = loadConfigurationFor(context);
    print({ valid: true, file: file ?? null, settings: effective });
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    print({ valid: false, problems: error.problems });
    return 2;
  }
}

function describe({ file, effective }: LoadedConfiguration): string {
  const rows = effective.map((setting) => [setting.key, showSetting(setting), setting.source]);
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [keys, values] = [width(0), width(1)];
  const lines = rows.map(
    ([key = '', value = '', source]) => `${key.padEnd(keys)}  ${value.padEnd(values)}  ${source}`,
  );
  const from = file === undefined ? 'no configuration file' : `configuration file ${file}`;
  return `${lines.join('\n')}\n\nThe configuration is valid (${from}).\n`;
}

function showSetting({ value }: EffectiveSetting): string {
  if (!Array.isArray(value)) return String(value);
  return value.length === 0 ? 'none' : value.join(', ');
}
