import { readAnswer, requestHead } from '../../http/wireAnswer.ts';
import { blobBytes } from '../../support/blobContent.ts';
import type { SingleImage } from '../../support/images.ts';
import { exchangeRaw } from '../../support/rawSocket.ts';
import type { TestMirror } from '../../support/testMirror.ts';
import { blobPath, manifestPath } from '../pulls.ts';
import { stepResult } from './stepResult.ts';

/** An image under the name that a client pulls it by. */
export interface PullTarget {
  readonly repository: string;
  readonly tag: string;
  readonly image: SingleImage;
}

/** One request of a pull, and the bytes that are to come. */
interface Step {
  readonly name: 'HEAD' | 'manifest' | 'config' | 'layer';
  readonly path: string;
  readonly expected: Buffer;
}

// Longer than the mirror takes for anything.
const patience = 30_000;

/**
 * Pulls as clients do: a HEAD on the tag, the manifest by the digest that it named, else by the tag, then
 * config and layers. The first step that fails is the last. One line a step says what came of it.
 */
export async function pull(mirror: TestMirror, target: PullTarget): Promise<readonly string[]> {
  const { repository, tag, image } = target;
  const { bytes: expected, digest } = image.manifest;
  const head = await take(mirror, {
    name: 'HEAD',
    path: manifestPath(repository, tag),
    expected,
  });
  const reference = isGood(head) ? digest : tag;
  const lines = [head];
  const manifest: Step = { name: 'manifest', path: manifestPath(repository, reference), expected };
  for (const step of [manifest, ...blobSteps(target)]) {
    const line = await take(mirror, step);
    lines.push(line);
    if (!isGood(line)) break;
  }
  return lines;
}

/** Whether each step brought all that it should, and none of it is stale. */
export function isWholePull(lines: readonly string[]): boolean {
  const isWhole = lines.every((line) => /^\w+ 200 (?:hit|revalidated|miss)$/.test(line));
  return isWhole && lines.at(-1)?.startsWith('layer') === true;
}

function blobSteps({ repository, image: { config, layers } }: PullTarget): Step[] {
  const step = (name: Step['name'], blob: typeof config): Step => {
    return { name, path: blobPath(repository, blob.digest), expected: blobBytes(blob) };
  };
  return [step('config', config), ...layers.map((layer) => step('layer', layer))];
}

async function take({ port }: TestMirror, { name, path, expected }: Step): Promise<string> {
  const method = name === 'HEAD' ? 'HEAD' : 'GET';
  const bytes = requestHead(method, path, { connection: 'close' });
  const reply = await exchangeRaw({ port, bytes, timeout: patience });
  return `${name} ${stepResult(readAnswer(reply.bytes, reply.end), method, expected)}`;
}

function isGood(line: string): boolean {
  return / 200 /.test(line);
}
