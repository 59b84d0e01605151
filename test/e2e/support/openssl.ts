import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What a handshake of `openssl s_client` came to. */
export interface Handshake {
  /** Such as `TLSv1.3`; `undefined` where there was none. */
  readonly protocol: string | undefined;
  /** All that was written. */
  readonly output: string;
}

/** Shakes hands with a port of this machine and says nothing more. */
export async function shakeHands(port: number, flags: readonly string[]): Promise<Handshake> {
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, ...flags];
  const child = spawn('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const [, protocol, cipher] = /^New, (\S+), Cipher is (.+)$/m.exec(stdout) ?? [];
  return {
    protocol: cipher === '(NONE)' ? undefined : protocol,
    output: `${stdout}${stderr}`,
  };
}
