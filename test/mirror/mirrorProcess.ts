import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { lastFirst, type Lifetime } from '../support/lifetime.ts';
import { assertHoldsNoSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import type { TestUpstream } from '../support/testMirror.ts';
import { compileCache } from '../support/compileCache.ts';

/** How the program is set up; what is left out is as the configuration has it by default. */
export interface MirrorProcessOptions {
  /** Where it keeps what it has; one of its own, gone with the test, if not given. */
  readonly directory?: string;
  /** Further settings, at the top and for the upstream. */
  readonly settings?: object;
  readonly upstreamSettings?: object;
}

/** The real program in a process of its own. */
export interface MirrorProcess {
  readonly port: number;
  readonly url: string;
  /** Where it serves its metrics, as `host:port`. */
  readonly opsAddress: string;
  /** Bytes of memory that it takes now, and the most that it ever took. */
  readonly memory: () => Promise<{ readonly now: number; readonly peak: number }>;
  /** Ends it at once, with no chance to put anything in order. */
  readonly kill: () => Promise<void>;
}

const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/**
 * Starts the program before an upstream and ends it with the test, which fails if a secret shows in what
 * it wrote or in its metrics.
 */
export async function startMirrorProcess(
  t: Lifetime,
  upstream: TestUpstream,
  options: MirrorProcessOptions = {},
): Promise<MirrorProcess> {
  const lifetime = lastFirst(t);
  const directory = options.directory ?? (await temporaryDirectory(lifetime));
  const configuration = join(directory, 'mirror.yaml');
  await writeFile(configuration, stringify(settingsFor(upstream, directory, options)));
  const child = spawn(process.execPath, [mainFile, '--config', configuration, 'serve'], {
    cwd: directory,
    env: compileCache,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const written = outputOf(child);
  const closed = once(child, 'close');
  let opsUrl: string | undefined;
  lifetime.after(async () => {
    const runs = child.exitCode === null && child.signalCode === null;
    const metrics = runs && opsUrl !== undefined ? await scrape(opsUrl) : '';
    await kill();
    await closed;
    assertHoldsNoSecret('what the program wrote', written());
    assertHoldsNoSecret('its metrics', metrics);
  });
  const lines = createInterface(child.stdout);
  const { promise: serving, resolve, reject } = Promise.withResolvers<Addresses>();
  lines.on('line', (line) => {
    const { msg, ...addresses } = JSON.parse(line) as { msg: string } & Addresses;
    if (msg === 'serving') resolve(addresses);
  });
  child.once('exit', () => reject(new Error('the program ended without serving')));
  const { address, opsAddress } = await serving;
  opsUrl = `http://${opsAddress}`;
  const memory = () => memoryOf(child.pid ?? assert.fail('the program has no process id'));
  const url = `http://${address}`;
  return { port: Number(new URL(url).port), url, opsAddress, memory, kill };
}

async function scrape(opsUrl: string): Promise<string> {
  return (await fetch(`${opsUrl}/metrics`)).text();
}

interface Addresses {
  readonly address: string;
  readonly opsAddress: string;
}

/** All it writes; to standard error also as if it were the test's own. */
function outputOf({ stdout, stderr }: ChildProcessByStdio<null, Readable, Readable>): () => string {
  let written = '';
  for (const stream of [stdout, stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      written += piece;
    });
  }
  stderr.pipe(process.stderr, { end: false });
  return () => written;
}

function settingsFor(
  { registryUrl, tokenUrl, cdnUrl }: TestUpstream,
  directory: string,
  { settings, upstreamSettings }: MirrorProcessOptions,
): object {
  const trustedHosts = [tokenUrl, cdnUrl].flatMap((url) => (url ? [new URL(url).host] : []));
  return {
    listen: '127.0.0.1:0',
    ops: { listen: '127.0.0.1:0' },
    storage: { directory: join(directory, 'data') },
    upstreams: [{ host: 'docker.io', url: registryUrl, trustedHosts, ...upstreamSettings }],
    ...settings,
  };
}

/** As the kernel of Linux counts it. */
async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 };
}
