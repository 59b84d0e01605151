import type { Command } from './command.ts';
import { jsonObject } from './output.ts';
import { collectionLines } from './removalText.ts';
import { plainText } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';

/** The `gc` command. */
export const gc: Command = {
  name: 'gc',
  summary: 'Remove what nobody can get any more: orphans, expired entries, temporary files.',
  details: [
    'A running mirror does it by itself, once an hour.',
    '',
    '--json prints one object: dryRun, unreferenced, temporary, quarantined (count, bytes), missing (digests',
    'without a file) and entries (tags, memberships, repositories that had expired).',
  ],
  options: {
    ...upkeepOptions,
    'dry-run': { type: 'boolean', description: 'Only say what would be removed.' },
    json: { type: 'boolean', description: 'Print one JSON object.' },
  },
  run: (context) =>
    runUpkeep(context, async (upkeep) => {
      const collection = await upkeep.collect(context.flags.has('dry-run'));
      const text = context.flags.has('json')
        ? jsonObject(collection)
        : plainText(collectionLines(collection));
      context.stdout.write(text);
      return 0;
    }),
};
