import type { Share } from '../store/share.ts';
import type { Usage } from '../upkeep/inventory/usage.ts';
import { showBytes, showCount, showShare } from './statsUnits.ts';
import { indented, showNumber, textTable } from './textTable.ts';

/** What takes up room, for people, in lines: all of it, then so many of the repositories, the largest first. */
export function duLines(usage: Usage, limit: number): readonly string[] {
  const shown = usage.repositories.slice(0, limit);
  const others = usage.repositories.length - shown.length;
  return [
    usage.directory,
    ...indented(textTable(totalsOf(usage), ['left', 'right', 'left'])),
    ...(shown.length === 0 ? [] : ['', ...repositoryLines(shown)]),
    ...(others === 0
      ? []
      : [
          `and ${showNumber(others, 'smaller one')}: --limit ${usage.repositories.length} shows all`,
        ]),
  ];
}

function totalsOf(usage: Usage): readonly (readonly string[])[] {
  const { blobs, manifests, incoming, partial, quarantined, catalog } = usage;
  const shares = [blobs, manifests, incoming, partial, quarantined];
  const total = shares.reduce((sum, { bytes }) => sum + bytes, 0) + catalog;
  return [
    shareRow('layers, configs', blobs),
    shareRow('manifests', manifests),
    shareRow('being written', incoming),
    shareRow('broken off', partial),
    shareRow('quarantined', quarantined),
    ['catalog', showBytes(catalog)],
    ['in all', showBytes(total), boundText(usage, total)],
    shareRow('of it pinned', usage.pinned),
    ['disk free', usage.diskFree === null ? '-' : showBytes(usage.diskFree), freeText(usage)],
  ];
}

function shareRow(name: string, { bytes, count }: Share): readonly string[] {
  return [name, showBytes(bytes), showNumber(count, 'file')];
}

function boundText({ maxSize }: Usage, total: number): string {
  if (maxSize === null) return 'no storage.maxSize is set';
  return `${showShare(total / maxSize)} of storage.maxSize ${showBytes(maxSize)}`;
}

function freeText({ minFree }: Usage): string {
  return `storage.minFree leaves ${showBytes(minFree)} alone`;
}

function repositoryLines(repositories: Usage['repositories']): readonly string[] {
  const rows = repositories.map(({ repository, tags, size, sharedSize }) => [
    repository,
    showCount(tags),
    showBytes(size),
    showBytes(sharedSize),
  ]);
  const head = ['REPOSITORY', 'TAGS', 'SIZE', 'SHARED'];
  return textTable([head, ...rows], ['left', 'right', 'right', 'right']);
}
