import type { Collection, Removal } from '../upkeep/removal/removal.ts';
import type { Share } from '../store/share.ts';
import { showBytes } from './statsUnits.ts';
import { indented, showNumber, textTable } from './textTable.ts';

/** What `purge` removed, for people, in lines. */
export function removalLines(removal: Removal): readonly string[] {
  const { images, blobs, bytes, keptBytes, dryRun } = removal;
  if (images.length === 0) return [];
  const what = `${showNumber(images.length, 'image')} ${dryRun ? 'would be removed' : 'removed'}`;
  const freed = `${showNumber(blobs, 'blob')}, ${showBytes(bytes)} ${dryRun ? 'would be freed' : 'freed'}`;
  const kept = keptBytes > 0 ? `; ${showBytes(keptBytes)} stay, for other images need them` : '';
  return [...images, '', `${what}: ${freed}${kept}`];
}

/** What `gc` removed, for people, in lines. */
export function collectionLines(collection: Collection): readonly string[] {
  const { unreferenced, temporary, quarantined, missing, entries, dryRun } = collection;
  const shares = [unreferenced, temporary, quarantined];
  const bytes = shares.reduce((sum, share) => sum + share.bytes, 0);
  return [
    `${showBytes(bytes)} ${dryRun ? 'would be freed' : 'freed'}`,
    ...indented(
      textTable(
        [
          ['unreferenced', ...shareCells(unreferenced)],
          ['temporary', ...shareCells(temporary)],
          ['quarantined', ...shareCells(quarantined)],
          ['missing files', '', showNumber(missing.length, 'entry', 'entries')],
          ['expired', '', expiredText(entries)],
        ],
        ['left', 'right', 'left'],
      ),
    ),
  ];
}

function shareCells({ count, bytes }: Share): readonly string[] {
  return [showBytes(bytes), showNumber(count, 'file')];
}

function expiredText({ tags, memberships, repositories }: Collection['entries']): string {
  return [
    showNumber(tags, 'tag'),
    showNumber(memberships, 'membership'),
    showNumber(repositories, 'repository', 'repositories'),
  ].join(', ');
}
