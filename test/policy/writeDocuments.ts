import { readFile, writeFile } from 'node:fs/promises';
import { currentReadme, currentSchema, readmeFile, schemaFile } from './generatedDocuments.ts';

await writeFile(schemaFile, await currentSchema());
await writeFile(readmeFile, await currentReadme(await readFile(readmeFile, 'utf8')));
