import { confirming, fetching, resolving } from './apiPolicy.ts';
import { resuming, transferring } from './blobPolicy.ts';
import { isReached, type Cell } from './cell.ts';
import type { Meaning } from './meanings.ts';
import type { CellOutcome, LayerOrigin, PullOutcome } from './outcome.ts';
import { undisturbed } from './undisturbed.ts';

/** What the mirror owes clients and upstream, by what a fault means, where it strikes and how long. */
export function expectedOutcome(cell: Cell, meaning: Meaning): CellOutcome {
  const outcome = expectedPull(cell, meaning);
  const afterwards = isReached(cell)
    ? { pull: 'whole', layerFrom: expectedOrigin(cell, meaning, outcome) }
    : undefined;
  return { ...outcome, kept: [], afterwards };
}

function expectedPull(cell: Cell, meaning: Meaning): PullOutcome {
  if (!isReached(cell) || meaning === 'fine') return undisturbed(cell);
  switch (cell.stage) {
    case 'token':
    case 'manifest_head':
      return cell.state === 'past' ? confirming(cell, meaning) : resolving(cell, meaning);
    case 'manifest_get':
      return fetching(cell, meaning);
    case 'resume':
      return resuming(cell, meaning);
    default:
      return transferring(cell, meaning);
  }
}

/** Bytes that were held are not fetched again, unless they turned out to be wrong. */
function expectedOrigin(
  { state, stage }: Cell,
  meaning: Meaning,
  { client }: PullOutcome,
): LayerOrigin {
  const last = client.at(-1) ?? '';
  if (state !== 'absent' || last === 'layer 200 miss') return 'the store';
  const isSpoiled = meaning === 'wrong' || meaning === 'resized';
  const isCutOff = last.endsWith('short') && !(stage === 'blob at 0 %' && meaning !== 'overlong');
  return isCutOff && !isSpoiled ? 'the rest' : 'its start';
}
