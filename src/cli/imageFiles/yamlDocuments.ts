import { isMap, isNode, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';
import { ImageFileError } from './imageFileError.ts';

/** One document of a YAML text. */
export interface YamlDocument {
  /** In plain values, aliases and merges filled in. */
  readonly value: unknown;
  /** `NAME:LINE:COLUMN` of what lies at a path; of what encloses it, where an alias or merge brought it. */
  readonly locate: (path: readonly (string | number)[]) => string;
}

// What `kubectl get -o yaml` prints of a whole cluster has fewer; a text that means harm has more.
const maxAliasCount = 1000;

/** The Compose specification, "Merge": takes away what another file says. */
const resetTag = { tag: '!reset', resolve: () => null } as const;

/**
 * Reads the documents of a YAML text, of which JSON is a part. `name` is what errors call it.
 * @throws {ImageFileError} with the line and column of what is wrong
 */
export function readYamlDocuments(name: string, text: string): readonly YamlDocument[] {
  const lineCounter = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  return unlessTooDeep(name, () => {
    // As Compose and kubectl read it: with merges; the last of two equal keys counts.
    const documents = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      logLevel: 'error',
      merge: true,
      uniqueKeys: false,
      customTags: [resetTag],
    });
    return [...documents].map((document) => {
      const [flaw] = document.errors;
      if (flaw !== undefined) {
        if (flaw.code === 'RESOURCE_EXHAUSTION') throw tooDeep(name);
        throw new ImageFileError(`${at(flaw.pos[0])}: expected YAML: ${flaw.message}`);
      }
      const locate: YamlDocument['locate'] = (path) => at(offsetOf(document.contents, path));
      return { value: toPlain(document, locate([])), locate };
    });
  });
}

/** The parser calls itself for each level, and has no bound of its own. */
function unlessTooDeep<Result>(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooDeep(name);
  }
}

function tooDeep(name: string): ImageFileError {
  return new ImageFileError(`${name}: expected YAML that is not nested thousands of levels deep`);
}

function toPlain(document: Document, place: string): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const message = 'an alias (*name) has no anchor (&name) before it, or there are too many';
    throw new ImageFileError(`${place}: ${message}`);
  }
}

function offsetOf(node: unknown, path: readonly (string | number)[]): number {
  const [head, ...rest] = path;
  const own = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  if (head === undefined) return own;
  const next: unknown = isSeq(node)
    ? node.items[Number(head)]
    : isMap(node)
      ? node.items.find(({ key }) => String(key) === String(head))?.value
      : undefined;
  return isNode(next) ? offsetOf(next, rest) : own;
}
