/** A scrape in Prometheus' text format, taken apart. */
export interface Exposition {
  /** Metric name → type, as the `# TYPE` lines say. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads a scrape; throws at a line that is none of the format's. */
export function parseExposition(text: string): Exposition {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP '));
  const types = lines.filter((line) => line.startsWith('# TYPE ')).map(typeOf);
  const samples = lines.filter((line) => !line.startsWith('# TYPE ')).map(sampleOf);
  return { types: new Map(types), samples };
}

/** The value of the one sample with this name and exactly these labels, in any order. */
export function valueOf(
  { samples }: Exposition,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = sorted(labels);
  return samples.find((sample) => sample.name === name && sorted(sample.labels) === wanted)?.value;
}

function typeOf(line: string): [string, string] {
  const [, , name = '', type = ''] = line.split(' ');
  return [name, type];
}

function sampleOf(line: string): Sample {
  const match = /^([a-z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`not a line of a scrape: ${line}`);
  const [, name = '', labels = '', value = ''] = match;
  return { name, labels: labelsOf(labels), value: value === '+Inf' ? Infinity : Number(value) };
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(pairs.map(([, label = '', value = '']) => [label, value]));
}

function sorted(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => a.localeCompare(b)));
}
