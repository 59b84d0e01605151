import { ConfigurationError } from '../config/configurationProblem.ts';
import { formatWarning } from '../config/configurationWarning.ts';
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
    'Warnings say what is open and how to close it; with them too the exit code is 0.',
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
    const { file, effective, warnings } = loadConfigurationFor(context);
    print({ valid: true, file: file ?? null, settings: effective, warnings });
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    print({ valid: false, problems: error.problems });
    return 2;
  }
}

function describe({ file, effective, warnings }: LoadedConfiguration): string {
  const rows = effective.map((setting) => [setting.key, showSetting(setting), setting.source]);
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [keys, values] = [width(0), width(1)];
  const lines = rows.map(
    ([key = '', value = '', source]) => `${key.padEnd(keys)}  ${value.padEnd(values)}  ${source}`,
  );
  const from = file === undefined ? 'no configuration file' : `configuration file ${file}`;
  const warned = warnings.map((warning) => `warning: ${formatWarning(warning)}\n`).join('');
  const outcome = `The configuration is valid${countOf(warnings.length)} (${from}).\n`;
  return [`${lines.join('\n')}\n`, warned, outcome].filter((part) => part !== '').join('\n');
}

function countOf(warnings: number): string {
  if (warnings === 0) return '';
  return `, with ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
}

function showSetting({ value }: EffectiveSetting): string {
  if (!Array.isArray(value)) return String(value);
  return value.length === 0 ? 'none' : value.join(', ');
}
