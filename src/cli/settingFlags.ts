import { loadConfiguration, type LoadedConfiguration } from '../config/loadConfiguration.ts';
import type { Override } from '../config/override.ts';
import { settingRows } from '../config/settingRows.ts';
import {
  flagText,
  type CommandContext,
  type CommandOption,
  type CommandOptions,
} from './command.ts';

/** The flags that set a setting, as the table of settings has them. */
export function settingOptions(): CommandOptions {
  const options = settingRows().flatMap(({ flag, kind, description }) => {
    if (flag === undefined) return [];
    const type: CommandOption['type'] = kind === 'boolean' ? 'boolean' : 'string';
    const plain = description.replaceAll('`', '');
    const value = flag.value === undefined ? {} : { value: flag.value };
    return [[flag.name, { type, ...value, description: plain }] as const];
  });
  return Object.fromEntries(options);
}

/**
 * Loads the configuration that a command is to run with: its flags, its environment and the file.
 * Throws a `ConfigurationError`.
 */
export function loadConfigurationFor(context: CommandContext): LoadedConfiguration {
  return loadConfiguration({
    file: flagText(context, 'config'),
    environment: context.environment,
    flags: settingOverrides(context),
  });
}

function settingOverrides(context: CommandContext): readonly Override[] {
  return settingRows().flatMap(({ flag, path }) => {
    const value = flag === undefined ? undefined : context.flags.get(flag.name);
    return value === undefined ? [] : [{ path, value, source: `--${flag?.name}` }];
  });
}
