import { isIPv4, isIPv6 } from 'node:net';

const pattern = /^([0-9A-Fa-f.:]{2,45})(?:\/(\d{1,3}))?$/;

/**
 * Reads an address or a range of them (CIDR, RFC 4632 and RFC 4291, section 2.3) into the form that has a
 * prefix: a plain address is a range of one. `undefined` when the text is neither, or has a zone.
 */
export function parseAddressRange(text: string): string | undefined {
  const [, address = '', prefix] = pattern.exec(text) ?? [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
  if (bits === undefined) return undefined;
  const length = Number(prefix ?? bits);
  return length <= bits ? `${address.toLowerCase()}/${length}` : undefined;
}
