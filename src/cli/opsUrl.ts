import { formatListenAddress, type ListenAddress } from '../config/listenAddress.ts';
import { UsageError } from './command.ts';

/** Where the ops endpoints of a mirror on this machine are; `undefined` when its port is left open. */
export function localOpsUrl({ host, port }: ListenAddress): URL | undefined {
  if (port === 0) return undefined;
  // An address that stands for every address of the machine is none to ask.
  const local = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host;
  return new URL(`http://${formatListenAddress({ host: local, port })}`);
}

/** The address of ops endpoints that a user gave. Throws a {@link UsageError} when it is none. */
export function parseOpsUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError('--url takes the address of the ops endpoints: http://HOST:PORT');
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--url takes no user name and password');
  }
  return url;
}
