import type { ImageSummary } from '../upkeep/inventory/imageSummary.ts';
import type { Command } from './command.ts';
import { lsLines } from './lsText.ts';
import { jsonArray, writePieces } from './output.ts';
import { plainText, terminalWidth } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';

/** The `ls` command. */
export const ls: Command = {
  name: 'ls',
  summary: 'List the images that the cache has.',
  details: [
    'GLOB is a pattern of repositories or images: alpine, "acme/**", "ghcr.io/acme/*:v1.*".',
    '',
    'PLATFORMS are those that are held whole. Of SIZE, SHARED is what other images have as well. STATE says',
    'what a pull of the tag would be answered with while nobody asks the upstream: fresh, stale (the upstream',
    'is asked first) or expired (nothing); incomplete, when no platform is held whole; pinned, when it is',
    'never evicted.',
    '',
    'A tag of which nothing is held any more is left out: inspect shows what is known of it, purge forgets it.',
    '',
    '--json prints an array of objects: name, repository, tag, digest, platforms, complete, size, sharedSize,',
    'lastUsedAt, checkedAt, freshness, pinned. Sizes are bytes, times ISO 8601, what is not known is null.',
  ],
  arguments: ['[GLOB]'],
  options: {
    ...upkeepOptions,
    json: { type: 'boolean', description: 'Print a JSON array.' },
  },
  run: (context) =>
    runUpkeep(context, async (upkeep) => {
      const [pattern] = context.arguments;
      const images = upkeep.images(pattern);
      if (context.flags.has('json')) await writePieces(context.stdout, jsonArray(images));
      else await writePieces(context.stdout, table(images, context.stdout, pattern));
      return 0;
    }),
};

async function* table(
  images: AsyncIterable<ImageSummary>,
  stdout: object,
  pattern: string | undefined,
): AsyncGenerator<string> {
  const all = await Array.fromAsync(images);
  if (all.length > 0) yield plainText(lsLines(all, Date.now(), terminalWidth(stdout)));
  else yield plainText([pattern === undefined ? 'no images' : `no images like ${pattern}`]);
}
