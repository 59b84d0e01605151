import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';

/** The `version` command. */
export const version: Command = {
  name: 'version',
  summary: 'Show the version of pullthrough and of Node.',
  options: {},
  run: async ({ stdout }) => {
    stdout.write(`pullthrough ${programVersion()} (Node ${process.versions.node})\n`);
    return 0;
  },
};

/** The program's version, as its package.json has it. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
