import { UsageError, type Command } from './command.ts';
import { jsonObject } from './output.ts';
import { removalLines } from './removalText.ts';
import { plainText } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';

/** The `purge` command. */
export const purge: Command = {
  name: 'purge',
  summary: 'Remove images from the cache; what other images need stays.',
  details: [
    'IMAGE is a tag, a digest or a pattern: alpine:3.20, acme/app@sha256:…, "acme/**:pr-*". Without tag and',
    'digest all of the repository is meant. The next pull of it asks the upstream again.',
    '',
    'Exit code 1 when there was no image for one of them.',
    '',
    '--json prints one object: dryRun, images, unmatched (of what was given), blobs, bytes, keptBytes (of these',
    'images, which others need).',
  ],
  arguments: ['IMAGE…'],
  options: {
    ...upkeepOptions,
    'dry-run': { type: 'boolean', description: 'Only say what would be removed.' },
    json: { type: 'boolean', description: 'Print one JSON object.' },
  },
  run: async (context) => {
    if (context.arguments.length === 0) throw new UsageError('purge needs an image: purge IMAGE…');
    return runUpkeep(context, async (upkeep) => {
      const removal = await upkeep.purge(context.arguments, context.flags.has('dry-run'));
      const text = context.flags.has('json')
        ? jsonObject(removal)
        : plainText(removalLines(removal));
      context.stdout.write(text);
      for (const pattern of removal.unmatched) {
        context.stderr.write(plainText([`pullthrough: the cache has no image like ${pattern}`]));
      }
      return removal.unmatched.length === 0 ? 0 : 1;
    });
  },
};
