import { BlockList, isIP, isIPv6 } from 'node:net';

/** Where a server listens. */
export interface ListenAddress {
  /** A host name or an address without brackets. `::` stands for every address, IPv4 and IPv6. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

const everyAddress = '::';
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');
const pattern = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/;

/** Reads `host:port`, `[::1]:port` or `:port`; `undefined` when the text is none of them. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, portText] = pattern.exec(text) ?? [];
  const port = Number(portText);
  if (portText === undefined || port > 65_535) return undefined;
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined;
  return { host: bracketed ?? (plain || everyAddress), port };
}

/** The address as a setting writes it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  if (host === everyAddress) return `:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs on the same machine reach it (RFC 1122, section 3.2.1.3; RFC 6761, section 6.3). */
export function isLoopback({ host }: ListenAddress): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether two servers that listen there would be in each other's way. */
export function listenAddressesCollide(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  return one.host === other.host || [one, other].some(({ host }) => isWildcard(host));
}

function isWildcard(host: string): boolean {
  return host === everyAddress || host === '0.0.0.0';
}
