import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../e2e/support/freePort.ts';
import { startServer, type Server } from '../server.ts';
import type { StoredContent } from '../upstream.ts';

// What the mirror answers from memory too.
const bytesAtMost = 64 * 1024;

/** Starts a process that answers small contents from memory by a bare Fastify route. */
export async function startFastify(
  directory: string,
  contents: readonly StoredContent[],
): Promise<Server> {
  const port = await freePort();
  const list = join(directory, 'contents.json');
  const small = contents.filter(({ bytes }) => bytes <= bytesAtMost);
  await writeFile(list, JSON.stringify(small));
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'bareFastify.ts'), String(port), list],
    url,
    readyUrl: `${url}/ready`,
    logFile: join(directory, 'log'),
  });
}
