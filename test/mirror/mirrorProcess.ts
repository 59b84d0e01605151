import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { lastFirst, type Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import type { TestUpstream } from '../support/testMirror.ts';

/** The real program in a process of its own. */
export interface MirrorProcess {
  readonly port: number;
  /** Bytes of memory that it takes now, and the most that it ever took. */
  readonly memory: () => Promise<{ readonly now: number; readonly peak: number }>;
  /** Ends it at once, with no chance to put anything in order. */
  readonly kill: () => Promise<void>;
}

const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts the program before an upstream, in a directory of its own or the one given, and ends it with the test. */
export async function startMirrorProcess(
  t: Lifetime,
  upstream: TestUpstream,
  given?: string,
): Promise<MirrorProcess> {
  const lifetime = lastFirst(t);
  const directory = given ?? (await temporaryDirectory(lifetime));
  const configuration = join(directory, 'mirror.yaml');
  await writeFile(configuration, stringify(settingsFor(upstream, directory)));
  const child = spawn(process.execPath, [mainFile, '--config', configuration, 'serve'], {
    cwd: directory,
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  lifetime.after(kill);
  const lines = createInterface(child.stdout);
  const { promise: serving, resolve, reject } = Promise.withResolvers<string>();
  lines.on('line', (line) => {
    const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
    if (msg === 'serving' && address !== undefined) resolve(address);
  });
  child.once('exit', () => reject(new Error('the program ended without serving')));
  const address = await serving;
  const memory = () => memoryOf(child.pid ?? assert.fail('the program has no process id'));
  return { port: Number(new URL(`http://${address}`).port), memory, kill };
}

function settingsFor({ registryUrl, tokenUrl, cdnUrl }: TestUpstream, directory: string): object {
  const trustedHosts = [tokenUrl, cdnUrl].flatMap((url) => (url ? [new URL(url).host] : []));
  return {
    listen: '127.0.0.1:0',
    ops: { listen: '127.0.0.1:0' },
    storage: { directory: join(directory, 'data') },
    upstreams: [{ host: 'docker.io', url: registryUrl, trustedHosts }],
  };
}

/** As the kernel of Linux counts it. */
async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 };
}
