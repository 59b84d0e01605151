import { isJsonObject } from '../../registry/jsonObject.ts';
import { ImageFileError } from './imageFileError.ts';
import type { NamedImage } from './namedImage.ts';
import { interpolate, InterpolationError } from './interpolation.ts';
import type { YamlDocument } from './yamlDocuments.ts';

/** Whether a document is a Compose file. */
export function isComposeFile({ value }: YamlDocument): boolean {
  return isJsonObject(value) && isJsonObject(value['services']) && value['kind'] === undefined;
}

/**
 * The images of the services of a Compose file, with its variables filled in. Services that are
 * built, with a name for what comes of it or without, are passed over; other files that it includes or extends are not read.
 * @throws {ImageFileError}
 */
export function* composeImages(
  { value, locate }: YamlDocument,
  environment: NodeJS.ProcessEnv,
): Iterable<NamedImage> {
  const services = isJsonObject(value) && isJsonObject(value['services']) ? value['services'] : {};
  for (const [service, definition] of Object.entries(services)) {
    const { image, build } = isJsonObject(definition) ? definition : {};
    if (isAbsent(image) || !isAbsent(build)) continue;
    const place = locate(['services', service, 'image']);
    if (typeof image !== 'string') {
      throw new ImageFileError(`${place}: the image of ${service} is no text`);
    }
    yield { name: filledIn(image, environment, place), place };
  }
}

/** Null is what a file says that takes back what another one says. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function filledIn(image: string, environment: NodeJS.ProcessEnv, place: string): string {
  try {
    return interpolate(image, environment);
  } catch (error) {
    if (!(error instanceof InterpolationError)) throw error;
    throw new ImageFileError(`${place}: ${error.message}`);
  }
}
