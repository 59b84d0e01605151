import { isIPv6 } from 'node:net';

const groups = 8;
const groupsOfNetwork = 4;
const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * What of an address one client is taken to have for itself: an IPv4 address, also where it is mapped into
 * IPv6 (RFC 4291, section 2.5.5.2), or the first 64 bits of an IPv6 address, of which each host can choose the
 * others as it likes (RFC 8981). Anything else is given back as it is.
 */
export function addressBlock(address: string): string {
  const [, inner] = mapped.exec(address) ?? [];
  if (inner !== undefined) return inner;
  if (!isIPv6(address)) return address;
  const [bare = ''] = address.split('%', 1);
  const [left = '', right] = bare.toLowerCase().split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  // The last group may be an IPv4 address, which stands for two; it is not in the first half of any real one.
  const zeros = Array.from({ length: groups - before.length - after.length }, () => '0');
  const network = [...before, ...zeros, ...after].slice(0, groupsOfNetwork);
  return `${network.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
