import { isJsonObject, type JsonObject } from '../../registry/jsonObject.ts';
import { ImageFileError } from './imageFileError.ts';
import type { NamedImage } from './namedImage.ts';
import type { YamlDocument } from './yamlDocuments.ts';

type Path = readonly (string | number)[];

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Whether a document is a Kubernetes manifest. */
export function isKubernetesManifest({ value }: YamlDocument): boolean {
  if (!isJsonObject(value)) return false;
  return typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string';
}

/**
 * The images of all pod specs in a manifest, however deep these are: in a Pod, a CronJob, a List, or a
 * resource of a kind that nobody here knows. Those that are mounted as volumes too.
 * @throws {ImageFileError} for an image that is no text
 */
export function kubernetesImages({ value, locate }: YamlDocument): Iterable<NamedImage> {
  return imagesIn(value, [], locate, new Set());
}

/** `visited`: an alias makes one object of two, and could make a thousand of a few. */
function* imagesIn(
  value: unknown,
  path: Path,
  locate: YamlDocument['locate'],
  visited: Set<unknown>,
): Iterable<NamedImage> {
  if (typeof value !== 'object' || value === null || visited.has(value)) return;
  visited.add(value);
  if (isJsonObject(value)) {
    for (const list of containerLists) yield* imagesOf(value, list, ['image'], path, locate);
    yield* imagesOf(value, 'volumes', ['image', 'reference'], path, locate);
  }
  for (const [key, member] of Object.entries(value)) {
    yield* imagesIn(member, [...path, key], locate, visited);
  }
}

/** What lies at `inner` in each entry of a list. One without it, as a template may leave out, is passed over. */
function* imagesOf(
  spec: JsonObject,
  list: string,
  inner: readonly string[],
  path: Path,
  locate: YamlDocument['locate'],
): Iterable<NamedImage> {
  const entries = spec[list];
  if (!Array.isArray(entries)) return;
  for (const [index, entry] of entries.entries()) {
    const image = inner.reduce<unknown>(
      (whole, key) => (isJsonObject(whole) ? whole[key] : undefined),
      entry,
    );
    if (image === undefined || image === null || image === '') continue;
    const place = locate([...path, list, index, ...inner]);
    // A CustomResourceDefinition may have a list of this name that is none of containers.
    if (isJsonObject(image)) continue;
    if (typeof image !== 'string') throw new ImageFileError(`${place}: the image is no text`);
    yield { name: image, place };
  }
}
