import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mediaTypes } from '../../src/registry/mediaType.ts';

const run = promisify(execFile);
// docker-registry has no OCI manifest for a client that doesn't name the type.
const accept = `${mediaTypes.ociManifest}, */*`;

/** Fetches something small once. */
export async function fetchOnce(url: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(url, { headers: { accept }, signal });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}

/** Asks for one small answer again and again over 32 connections with `wrk`, and resolves with the answers a second. */
export async function requestsPerSecond(
  url: string,
  seconds: number,
  signal: AbortSignal,
): Promise<number> {
  const args = ['--threads', '1', '--connections', '32', '--duration', `${seconds}s`];
  // An answer that takes longer than wrk's time-out, 2 s by default, is an error to it.
  const more = ['--timeout', '30s', '--header', `Accept: ${accept}`];
  const { stdout } = await run('wrk', [...args, ...more, url], { signal });
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(stdout) ?? [];
  if (rate === undefined || /Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return Number(rate);
}

/**
 * Downloads a blob with one `curl` process for each connection, `times` in a row, and throws the bytes
 * away. Resolves with the seconds until the last one is done; rejects unless every byte came.
 */
export async function download(
  url: string,
  { connections, times, bytes }: { connections: number; times: number; bytes: number },
  signal: AbortSignal,
): Promise<number> {
  const flags = ['--silent', '--show-error', '--fail', '--write-out', '%{size_download}\\n'];
  const transfers = Array.from({ length: times }, () => ['--output', '/dev/null', url]);
  const begun = performance.now();
  const clients = Array.from({ length: connections }, () =>
    run('curl', [...flags, ...transfers.flat()], { signal }),
  );
  const ended = await Promise.allSettled(clients);
  const seconds = (performance.now() - begun) / 1000;
  for (const client of ended) {
    if (client.status === 'rejected') throw client.reason;
    const sizes = client.value.stdout.trimEnd().split('\n').map(Number);
    if (sizes.length === times && sizes.every((size) => size === bytes)) continue;
    throw new Error(`${url}: expected ${times} × ${bytes} bytes, got ${sizes.join(', ')}`);
  }
  return seconds;
}
