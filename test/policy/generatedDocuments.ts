import { format, resolveConfig } from 'prettier';
import { configurationJsonSchema } from './jsonSchema.ts';
import { settingsTable } from './settingsTable.ts';
import { exporterNamesTable, metricsTable } from './metricsTable.ts';

/** The command that brings every generated document up to date. */
export const regenerate = 'npm run docs';

/** The README, of which some sections are generated. */
export const readmeFile = new URL('../../README.md', import.meta.url);

/** The schema against which editors check the configuration file. */
export const schemaFile = new URL('../../config/pullthrough.schema.json', import.meta.url);

/** What stands between `<!-- name -->` and `<!-- /name -->` in the README, by name. */
const sections: Readonly<Record<string, () => string>> = {
  settings: settingsTable,
  metrics: metricsTable,
  'exporter-names': exporterNamesTable,
};

/** The README with its generated sections up to date and all else as it was. */
export async function currentReadme(readme: string): Promise<string> {
  let current = readme;
  for (const [name, generate] of Object.entries(sections)) {
    current = withSection(current, name, await formatted(generate(), readmeFile, 'markdown'));
  }
  return current;
}

/** The text of the editors' schema. */
export async function currentSchema(): Promise<string> {
  return formatted(JSON.stringify(configurationJsonSchema()), schemaFile, 'json');
}

function withSection(readme: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = readme.indexOf(open);
  const end = readme.indexOf(close, start);
  if (start < 0 || end < 0) throw new Error(`README.md has no ${open} … ${close}`);
  return `${readme.slice(0, start + open.length)}\n\n${content.trim()}\n\n${readme.slice(end)}`;
}

async function formatted(text: string, file: URL, parser: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), parser });
}
