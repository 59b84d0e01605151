import { UsageError, type Command } from './command.ts';
import { inspectLines } from './inspectText.ts';
import { jsonObject } from './output.ts';
import { plainText } from './textTable.ts';
import { runUpkeep, upkeepOptions } from './upkeepTarget.ts';

/** The `inspect` command. */
export const inspect: Command = {
  name: 'inspect',
  summary: 'Show all that the cache knows of an image.',
  details: [
    'IMAGE is a tag or a digest: alpine:3.20, ghcr.io/acme/app@sha256:…; without either latest is meant.',
    '',
    '--json prints one object: what ls prints of it, with mediaType, manifest, images (platform, manifest,',
    'config, layers, complete) and earlier, what the tag stood for before. A manifest, config or layer has',
    'digest, mediaType, size, held, storedAt and lastUsedAt.',
  ],
  arguments: ['IMAGE'],
  options: {
    ...upkeepOptions,
    json: { type: 'boolean', description: 'Print one JSON object.' },
  },
  run: async (context) => {
    const [name] = context.arguments;
    if (name === undefined) throw new UsageError('inspect needs an image: inspect IMAGE');
    return runUpkeep(context, async (upkeep) => {
      const image = await upkeep.image(name);
      const text = context.flags.has('json')
        ? jsonObject(image)
        : plainText(inspectLines(image, Date.now()));
      context.stdout.write(text);
      return 0;
    });
  },
};
