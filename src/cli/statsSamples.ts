/** One sample of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
const samplePattern = /^([a-zA-Z_:][\w:]*)(?:[ \t]*\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?$/s;
const labelPattern =
  /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\[\\n"])*)"[ \t]*(?:,[ \t]*|$)/sy;
// In any case, as Prometheus reads them: the library that writes them here says "Nan".
const notNumbers: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['+inf', Infinity],
  ['inf', Infinity],
  ['-inf', -Infinity],
]);

/** Reads Prometheus' text format, comments aside; `undefined` when a line is none of the format's. */
export function parseSamples(text: string): readonly Sample[] | undefined {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const sample = parseSample(trimmed);
    if (sample === undefined) return undefined;
    samples.push(sample);
  }
  return samples;
}

function parseSample(line: string): Sample | undefined {
  const [, name, labelsText = '', valueText] = samplePattern.exec(line) ?? [];
  if (name === undefined || valueText === undefined) return undefined;
  const labels = parseLabels(labelsText);
  const value = parseValue(valueText);
  if (labels === undefined || value === undefined) return undefined;
  return { name, labels, value };
}

function parseLabels(text: string): Readonly<Record<string, string>> | undefined {
  const labels: [string, string][] = [];
  let position = 0;
  while (position < text.length) {
    labelPattern.lastIndex = position;
    const match = labelPattern.exec(text);
    if (match === null) return undefined;
    const [whole, name = '', value = ''] = match;
    labels.push([name, unescape(value)]);
    position += whole.length;
  }
  return Object.fromEntries(labels);
}

function unescape(text: string): string {
  return text.replaceAll(/\\([\\n"])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

function parseValue(text: string): number | undefined {
  const special = notNumbers.get(text.toLowerCase());
  if (special !== undefined) return special;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
