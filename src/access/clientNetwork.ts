import { isIPv6, SocketAddress } from 'node:net';

/**
 * What counts as one client where only its address is known: an address of IPv4, however it is written, and of IPv6
 * the first half of it, for a single machine may use all addresses of its network (RFC 7934). Anything else is
 * returned as it is.
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const [bare = ''] = address.split('%');
  const { address: shortest } = new SocketAddress({ address: bare, family: 'ipv6' });
  const [, ipv4] = /^::ffff:([\d.]+)$/.exec(shortest) ?? [];
  return ipv4 ?? `${firstHalf(shortest)}::/64`;
}

/** `address` is in its shortest form, with at most one `::`. */
function firstHalf(address: string): string {
  const [left = [], right = []] = address
    .split('::')
    .map((side) => side.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
