import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { ApiRefusal } from './apiError.ts';
import type { ApiToken } from './apiToken.ts';

/** What is known of who asks. */
export interface Caller {
  /** The other end of the connection, as the kernel says it; never what a header claims. */
  readonly address: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** That of the request, such as `1.1`. */
  readonly httpVersion: string;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/**
 * Without a token the machine is the border, and these headers show that somebody beyond it speaks through
 * a program within: a web page through a browser (Fetch standard, "Origin header"; Fetch Metadata,
 * `Sec-Fetch-Site`), which sends the first one with every POST but with no image it loads and the second one
 * with both; or anybody at all through a reverse proxy.
 */
const signsOfOthers = [
  'origin',
  'sec-fetch-site',
  'forwarded',
  'x-forwarded-for',
  'x-real-ip',
  'via',
] as const;

/**
 * Lets through who may see what the cache holds, change it or take content out of it: whoever shows the token,
 * or, where none is set, a program on this machine that acts for nobody else.
 * @throws {ApiRefusal}
 */
export function authorize(caller: Caller, token: ApiToken | undefined): void {
  if (token === undefined) {
    requireThisMachine(caller);
    return;
  }
  const [, shown] = /^bearer +(\S+) *$/i.exec(caller.headers.authorization ?? '') ?? [];
  if (shown === undefined) throw new ApiRefusal('unauthorized', 'this needs the ops token');
  if (!token.matches(shown)) throw new ApiRefusal('unauthorized', 'this is not the ops token');
}

const remedy = 'set ops.token, and show it as a bearer token';

function requireThisMachine({ address = '', headers, httpVersion }: Caller): void {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || !loopback.check(address, family)) {
    throw new ApiRefusal(
      'forbidden',
      `without a token this is for callers on the mirror's own machine: ${remedy}`,
    );
  }
  // nginx's proxy_pass, when nothing else is configured, speaks HTTP/1.0 to what is behind it, adds none of
  // the headers above, and puts the address that it connects to into Host. Programs speak HTTP/1.1.
  if (httpVersion !== '1.1') {
    throw new ApiRefusal(
      'forbidden',
      `without a token this takes HTTP/1.1, for HTTP/${httpVersion} is what proxies speak: ${remedy}`,
    );
  }
  const sign = signsOfOthers.find((name) => headers[name] !== undefined);
  if (sign !== undefined) {
    throw new ApiRefusal(
      'forbidden',
      `without a token this is not for browsers and proxies, and ${sign} is of one: ${remedy}`,
    );
  }
  if (!isOwnName(headers.host)) {
    throw new ApiRefusal(
      'forbidden',
      `without a token the mirror has to be addressed as localhost or by its IP address: ${remedy}`,
    );
  }
}

/**
 * A web page whose name is made to lead to this machine (DNS rebinding) may ask as if it were at home
 * there, without any of the headers above. Its name stays in `Host`, of which nothing is read but what RFC
 * 9110, section 7.2, has there: a parser of URLs finds localhost in more than that.
 */
function isOwnName(host = ''): boolean {
  const [, ip6 = '', name = ''] = /^(?:\[([\da-f:.]+)\]|([^:]+))(?::\d*)?$/i.exec(host) ?? [];
  return isIPv6(ip6) || isIPv4(name) || name.toLowerCase() === 'localhost';
}
