import { isMap, isNode, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import type { ConfigurationProblem } from './configurationProblem.ts';
import type { SettingPath } from './settingPath.ts';

/** A YAML text that was read, and where in it things stand. */
export interface YamlSource {
  /** Plain values; `undefined` for an empty text, and for one that is no YAML. */
  readonly value: unknown;
  /** What is wrong with the text as YAML. */
  readonly problems: readonly ConfigurationProblem[];
  /** `NAME:LINE:COLUMN` of a setting's value or key; of what encloses it, if it isn't there. */
  locate(path: SettingPath, part: 'key' | 'value'): string;
}

/** Reads YAML 1.2, of which JSON is a part. `name` is what problems call the text. */
export function readYaml(text: string, name: string): YamlSource {
  const lineCounter = new LineCounter();
  const options = { lineCounter, prettyErrors: false, logLevel: 'error' } as const;
  const document = unlessTooDeep(() => parseDocument(text, options));
  if (document === undefined)
    return { value: undefined, problems: [tooDeep(name)], locate: () => name };
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const flaws = [...document.errors, ...document.warnings].map((error) => ({
    source: at(error.pos[0]),
    message: describeFlaw(error),
  }));
  return {
    ...(flaws.length > 0 ? { value: undefined, problems: flaws } : toPlain(document, name)),
    locate: (path, part) => at(offsetOf(document.contents, path, part)),
  };
}

/** The parser calls itself for each level, and has no bound of its own. */
function unlessTooDeep<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function tooDeep(name: string): ConfigurationProblem {
  return { source: name, message: 'expected YAML that is not nested thousands of levels deep' };
}

function toPlain(document: Document, name: string): Omit<YamlSource, 'locate'> {
  try {
    const value: unknown = document.toJS();
    return { value: value ?? undefined, problems: [] };
  } catch {
    const message = 'an alias (*name) has no anchor (&name) before it, or there are too many';
    return { value: undefined, problems: [{ source: name, message }] };
  }
}

// The parser's messages may quote the text, and with it a token: such parts are left out.
function describeFlaw(error: YAMLError): string {
  if (error.code === 'TAG_RESOLVE_FAILED') return 'expected YAML: unknown tag (!…)';
  if (error.code === 'BAD_DQ_ESCAPE') return 'expected YAML: unknown escape sequence (\\…)';
  return `expected YAML: ${error.message.replace(/(?<=\S): .*$/s, '')}`;
}

function offsetOf(node: unknown, path: SettingPath, part: 'key' | 'value'): number {
  const [head, ...rest] = path;
  const own = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  if (head === undefined) return own;
  if (isSeq(node)) {
    const item = node.items[Number(head)];
    return isNode(item) ? offsetOf(item, rest, part) : own;
  }
  const pair = isMap(node) ? node.items.find(({ key }) => String(key) === String(head)) : undefined;
  if (pair === undefined) return own;
  const wantsKey = rest.length === 0 && part === 'key';
  return wantsKey || !isNode(pair.value)
    ? offsetOf(pair.key, [], part)
    : offsetOf(pair.value, rest, part);
}
