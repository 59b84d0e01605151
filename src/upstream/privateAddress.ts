import { BlockList, isIP } from 'node:net';

/**
 * What is not the public internet: RFC 6890's special-purpose blocks that lead to this machine or its
 * network. Cloud metadata services live in 169.254.0.0/16, 100.64.0.0/10 (Alibaba), 192.0.0.0/24
 * (Oracle), 168.63.129.16 (Azure) and fc00::/7 (AWS). 198.18.0.0/15 is left out: local VPN clients
 * resolve every public name into it.
 */
const ipv4Blocks: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const ipv6Blocks: readonly (readonly [string, number])[] = [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const privateBlocks = createBlocks();

/** Whether an IP address in its textual form is a private, loopback, link-local or metadata one. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && privateBlocks.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether the `hostname` of a URL names a private address without asking DNS: as an IP literal, whose
 * octal, hex and decimal spellings `URL` has normalised already, or as localhost (RFC 6761 §6.3).
 */
export function isPrivateHostname(hostname: string): boolean {
  return isPrivateAddress(bareHostname(hostname)) || /(?:^|\.)localhost\.?$/.test(hostname);
}

/** Whether the `hostname` of a URL is an IP literal. */
export function isAddressLiteral(hostname: string): boolean {
  return isIP(bareHostname(hostname)) !== 0;
}

function bareHostname(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** `BlockList` itself checks IPv4-mapped IPv6 addresses by the IPv4 blocks, but not those of NAT64 (RFC 6052). */
function createBlocks(): BlockList {
  const blocks = new BlockList();
  for (const [network, prefix] of ipv4Blocks) {
    blocks.addSubnet(network, prefix, 'ipv4');
    blocks.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
  }
  for (const [network, prefix] of ipv6Blocks) blocks.addSubnet(network, prefix, 'ipv6');
  return blocks;
}
