import { parseJsonObject } from '../../registry/jsonObject.ts';
import { platformOf, platformText } from '../../registry/platform.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { ChildNode, ContentNode } from './contentNode.ts';
import { unknownPlatform, type Wholeness } from './wholeness.ts';

// Configs have some kilobytes. What a manifest calls its config may be a blob of any size.
const largestConfig = 1024 * 1024;

/** Which platforms there are images for. */
export class HeldPlatforms {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** The platforms that are held whole, each once, in the order of the index; attestations are for none. */
  async of(node: ContentNode, wholeness: Wholeness): Promise<readonly string[]> {
    const found = new Set<string>();
    await this.#collect({ content: node, platform: undefined }, wholeness, found, new Set());
    return [...found];
  }

  /** What an image runs on, as the index says that lists it, or else its config, where that is held. */
  async ofImage({ content, platform }: ChildNode): Promise<string | undefined> {
    if (platform !== undefined || content.manifest?.kind !== 'image') return platform;
    const { config } = content.manifest;
    if (config?.size === undefined || config.size > largestConfig) return undefined;
    const bytes = await this.#blobs.peek(config.digest);
    const said = bytes && platformOf(parseJsonObject(bytes));
    return said && platformText(said);
  }

  async #collect(
    child: ChildNode,
    wholeness: Wholeness,
    found: Set<string>,
    visited: Set<ContentNode>,
  ): Promise<void> {
    const { content } = child;
    if (visited.has(content) || !wholeness.isWhole(content)) return;
    visited.add(content);
    if (content.manifest?.kind === 'index') {
      for (const one of content.manifest.children) {
        await this.#collect(one, wholeness, found, visited);
      }
      return;
    }
    const platform = await this.ofImage(child);
    if (platform !== undefined && platform !== unknownPlatform) found.add(platform);
  }
}
