import { parseImageName } from '../../registry/imageName.ts';
import { composeImages, isComposeFile } from './composeFile.ts';
import { ImageFileError } from './imageFileError.ts';
import { isKubernetesManifest, kubernetesImages } from './kubernetesFile.ts';
import type { NamedImage } from './namedImage.ts';
import { readYamlDocuments, type YamlDocument } from './yamlDocuments.ts';

/**
 * The names of the images in a text, each once, in their order: from a list with one name a line, a Compose
 * file, or Kubernetes manifests. Which of them it is, the text tells. `file` is what errors call it; the
 * environment gives a Compose file its variables.
 * @throws {ImageFileError} when it is none of them, or has what is no name of an image
 */
export function imagesInFile(
  file: string,
  text: string,
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const names = new Set<string>();
  for (const { name, place } of namedImages(file, text, environment)) {
    if (parseImageName(name) === undefined) {
      throw new ImageFileError(`${place}: ${JSON.stringify(name)} is no name of an image`);
    }
    names.add(name);
  }
  return [...names];
}

function namedImages(
  file: string,
  text: string,
  environment: NodeJS.ProcessEnv,
): Iterable<NamedImage> {
  const lines = [...linesWithText(file, text)];
  const [first] = lines;
  if (first === undefined || looksLikeName(first.name)) return lines;
  const documents = readYamlDocuments(file, text).filter(({ value }) => value !== null);
  return documents.flatMap((document) => [...imagesInDocument(document, environment)]);
}

function imagesInDocument(
  document: YamlDocument,
  environment: NodeJS.ProcessEnv,
): Iterable<NamedImage> {
  if (isKubernetesManifest(document)) return kubernetesImages(document);
  if (isComposeFile(document)) return composeImages(document, environment);
  throw new ImageFileError(
    `${document.locate([])}: this is no list of image names, no Compose file (services) and no Kubernetes manifest (apiVersion, kind)`,
  );
}

/** The lines of a list, without comments and what is blank. */
function* linesWithText(file: string, text: string): Iterable<NamedImage> {
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const name = line.replace(/(?:^|\s)#.*$/, '').trim();
    if (name !== '') yield { name, place: `${file}:${index + 1}` };
  }
}

/** No YAML of the other two kinds begins with such a line. */
function looksLikeName(line: string): boolean {
  return /^[\w./:@-]*\w$/.test(line);
}
