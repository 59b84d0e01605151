import { valueAt, type SettingPath } from './settingPath.ts';

/** Where every account of every upstream would have this setting, whatever else may be wrong with it. */
export function accountSettingPaths(values: unknown, key: string): readonly SettingPath[] {
  return indexesOf(values, ['upstreams']).flatMap((upstream) =>
    indexesOf(values, [...upstream, 'accounts']).map((account) => [...account, key]),
  );
}

function indexesOf(values: unknown, path: SettingPath): readonly SettingPath[] {
  const list = valueAt(values, path);
  return Array.isArray(list) ? list.map((_, index) => [...path, index]) : [];
}
