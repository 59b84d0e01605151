import { isIPv6 } from 'node:net';

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const pattern = new RegExp(`^(?:(${label}(?:\\.${label})*)|\\[([0-9a-f:.]+)\\])(?::(\\d{1,5}))?$`);

/** Reads `host` or `host:port` into lower case; `undefined` when the text is neither. */
export function parseHost(text: string): string | undefined {
  const host = text.toLowerCase();
  const match = pattern.exec(host);
  if (match === null) return undefined;
  const [, , address, port] = match;
  if (address !== undefined && !isIPv6(address)) return undefined;
  return port === undefined || isPort(Number(port)) ? host : undefined;
}

function isPort(port: number): boolean {
  return port > 0 && port <= 65_535;
}

/**
 * Reads the name by which clients know a registry. It has a dot or a port or is `localhost`: without
 * either, distribution/reference takes a first component for a part of the repository's name.
 */
export function parseRegistryHost(text: string): string | undefined {
  const host = parseHost(text);
  return host !== undefined && (/[.:]/.test(host) || host === 'localhost') ? host : undefined;
}
