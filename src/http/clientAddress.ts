import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { AddressRanges } from '../access/addressRanges.ts';

// A proxy that listens on `::` too has IPv4 in this form.
const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const loopback = new AddressRanges(['127.0.0.0/8', '::1']);

/** Any of them shows that a request was passed on for somebody else; `x-hand-over` is of our nginx configuration. */
const signsOfProxies = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-hand-over',
  'x-real-ip',
] as const;

/**
 * For Fastify's `trustProxy`: the addresses that are believed what `X-Forwarded-For` and `X-Forwarded-Proto` say. A
 * list without any entry believes nobody.
 */
export function trustedProxies(ranges: readonly string[]): false | ((address: string) => boolean) {
  if (ranges.length === 0) return false;
  const trusted = new AddressRanges(ranges);
  // That of a connection which is gone is `undefined`.
  return (address: string | undefined) => address !== undefined && trusted.has(address);
}

/**
 * The address of the client: the other end of the connection, or, when that is a trusted proxy, the last entry of
 * `X-Forwarded-For` that is of no trusted proxy, since each adds the address that it was asked from behind what it
 * got. What is no IP address there names nobody: the proxy that passed it on counts then. Empty when the
 * connection is gone already.
 */
export function clientAddress(request: FastifyRequest): string {
  // The nearest one first; absent where no proxy is trusted. Without the header it takes 0.3 µs to say as much.
  const { 'x-forwarded-for': forwarded } = request.headers;
  const believed =
    forwarded === undefined ? undefined : request.ips?.findLast((one) => isIP(one) !== 0);
  const address = believed ?? request.socket.remoteAddress ?? '';
  return mappedIpv4.exec(address)?.[1] ?? address;
}

/**
 * Whether nobody between can have read what the client sent: it came over TLS, a trusted proxy says so of its own
 * side (`X-Forwarded-Proto`, of which the last proxy's entry is its own), or it comes from this machine for nobody
 * else. One entry that names anything but TLS is believed from everybody.
 */
export function isSafeWire(request: FastifyRequest): boolean {
  return isFromThisMachine(request) || (request.protocol === 'https' && !admitsPlain(request));
}

function admitsPlain({ headers }: FastifyRequest): boolean {
  const schemes = String(headers['x-forwarded-proto'] ?? 'https').split(',');
  return schemes.some((scheme) => scheme.trim() !== 'https');
}

/**
 * nginx's `proxy_pass`, when nothing else is configured, adds none of the headers, but speaks HTTP/1.0, which no
 * client of registries does.
 */
function isFromThisMachine({ raw, headers }: FastifyRequest): boolean {
  return (
    loopback.has(raw.socket.remoteAddress ?? '') &&
    raw.httpVersion === '1.1' &&
    signsOfProxies.every((name) => headers[name] === undefined)
  );
}
