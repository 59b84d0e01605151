/** Where a setting stands: the keys and list indexes that lead to it. */
export type SettingPath = readonly (string | number)[];

/** The path as people write it, such as `upstreams[0].tagFreshness`; the whole file's is empty. */
export function formatSettingPath(path: SettingPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** The environment's name for a setting: `storage.maxSize` is `PULLTHROUGH_STORAGE_MAX_SIZE`. */
export function environmentName(path: SettingPath): string {
  const words = path.map((part) => String(part).replaceAll(/(?=[A-Z])/g, '_'));
  return ['PULLTHROUGH', ...words].join('_').toUpperCase();
}

/** What the path leads to in a tree of plain values; `undefined` where it leads nowhere. */
export function valueAt(tree: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    tree,
  );
}
