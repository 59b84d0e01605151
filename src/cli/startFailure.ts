import { resolve } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { formatListenAddress, type ListenAddress } from '../config/listenAddress.ts';
import { StoreLockedError } from '../store/catalogDatabase.ts';
import { StoreFormatError } from '../store/storeFormat.ts';
import { ProxyAddressError } from '../upstream/upstreamAgents.ts';

/** The fields that Node's system errors have, as far as they have them. */
interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly port?: number;
  readonly hostname?: string;
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use by another process',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAFNOSUPPORT: 'this machine does not have that kind of address (IPv6 may be off)',
  EACCES: 'permission denied; ports below 1024 may need a privilege',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
};

const storageReasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is no directory',
  EEXIST: 'it is no directory',
  EIO: 'the disk fails to read or write',
};

/**
 * Whether the mirror did not start because it was told to use what it can't: a directory that another
 * process has, or that a newer version wrote; a proxy's address that is none. It counts as an error of the
 * configuration, since to start it again as it is can't help.
 */
export function isWrongSetting(
  error: unknown,
): error is StoreLockedError | StoreFormatError | ProxyAddressError {
  return (
    error instanceof StoreLockedError ||
    error instanceof StoreFormatError ||
    error instanceof ProxyAddressError
  );
}

/**
 * Why the mirror did not start, in one line that names the setting to look at; `undefined` when the
 * error is none of the known ones.
 */
export function describeStartFailure(
  error: unknown,
  configuration: Configuration,
): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return listenFailure(error, configuration) ?? storageFailure(error, configuration);
}

function listenFailure(error: SystemError, configuration: Configuration): string | undefined {
  const reason = listenReasons[error.code ?? ''];
  if (reason === undefined || !['listen', 'bind', 'getaddrinfo'].includes(error.syscall ?? '')) {
    return undefined;
  }
  const settings: readonly (readonly [string, ListenAddress])[] = [
    ['listen', configuration.listen],
    ['ops.listen', configuration.ops.listen],
  ];
  const concerned = settings.find(
    ([, address]) => address.port === error.port || address.host === error.hostname,
  );
  if (concerned === undefined) return undefined;
  const [key, address] = concerned;
  return `cannot listen on ${formatListenAddress(address)} (setting ${key}): ${reason}`;
}

function storageFailure(error: SystemError, configuration: Configuration): string | undefined {
  const directory = resolve(configuration.storage.directory);
  const complaint = `cannot use ${directory} (setting storage.directory):`;
  // What node:sqlite throws names no file; the catalog is the only database there is.
  if (error.code === 'ERR_SQLITE_ERROR') return `${complaint} ${error.message}`;
  const reason = storageReasons[error.code ?? ''];
  if (reason === undefined || error.path === undefined) return undefined;
  // Making the directory may fail at one of its parents.
  const path = resolve(error.path);
  if (!isWithin(path, directory) && !isWithin(directory, path)) return undefined;
  return `${complaint} ${reason} at ${path}`;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
