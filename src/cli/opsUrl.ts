import type { Configuration } from '../config/configuration.ts';
import { formatListenAddress } from '../config/listenAddress.ts';
import { UsageError } from './command.ts';

/** What of the settings of the ops endpoints says how they are reached. */
export type OpsSettings = Pick<Configuration['ops'], 'listen' | 'tls'>;

/** Where the ops endpoints of a mirror on this machine are; `undefined` when its port is left open. */
export function localOpsUrl({ listen: { host, port }, tls }: OpsSettings): URL | undefined {
  if (port === 0) return undefined;
  // An address that stands for every address of the machine is none to ask.
  const local = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host;
  const scheme = tls.certificateFile === undefined ? 'http' : 'https';
  return new URL(`${scheme}://${formatListenAddress({ host: local, port })}`);
}

/** The address of ops endpoints that a user gave. Throws a {@link UsageError} when it is none. */
export function parseOpsUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError('--url takes the address of the ops endpoints: http[s]://HOST:PORT');
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--url takes no user name and password');
  }
  return url;
}
