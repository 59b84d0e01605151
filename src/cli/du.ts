import { flagText, UsageError, type Command, type CommandContext } from './command.ts';
import { duLines } from './duText.ts';
import { jsonObject } from './output.ts';
import { plainText } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';

const defaultLimit = 20;

/** The `du` command. */
export const du: Command = {
  name: 'du',
  summary: 'Show what takes up room in the cache, and which repositories the most.',
  details: [
    'Of the SIZE of a repository, SHARED is what other repositories have as well: it does not go with it.',
    '',
    '--json prints one object with directory, maxSize, minFree, diskFree, blobs, manifests, incoming, partial,',
    'quarantined, pinned (count, bytes), catalog and repositories (repository, tags, size, sharedSize), all of',
    'them. Sizes are bytes, what is not known is null.',
  ],
  options: {
    ...upkeepOptions,
    limit: {
      type: 'string',
      value: 'N',
      description: `Show so many repositories (${defaultLimit}).`,
    },
    json: { type: 'boolean', description: 'Print one JSON object.' },
  },
  run: async (context) => {
    const limit = readLimit(context);
    return runUpkeep(context, async (upkeep) => {
      const usage = await upkeep.usage();
      const text = context.flags.has('json') ? jsonObject(usage) : plainText(duLines(usage, limit));
      context.stdout.write(text);
      return 0;
    });
  },
};

function readLimit(context: CommandContext): number {
  const text = flagText(context, 'limit') ?? String(defaultLimit);
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError('--limit takes a number of repositories');
}
