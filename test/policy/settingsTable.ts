import { settingRows, type SettingRow } from '../../src/config/settingRows.ts';

/** The README's table of all settings, in Markdown. */
export function settingsTable(): string {
  return [
    ['Setting', 'Environment, flag', 'Default', 'What it does'],
    ['---', '---', '---', '---'],
    ...settingRows().map(cellsOf),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function cellsOf({ key, environment, flag, defaultText, description }: SettingRow): string[] {
  const names = [environment, flag && `--${flag.name}`].filter((name) => name !== undefined);
  return [
    code(key),
    names.map(code).join(', '),
    defaultText === undefined ? '' : code(defaultText),
    description,
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}
