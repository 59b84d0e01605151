import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What a client's certificate makes of it: a user, or one that is turned away and told why. */
export type ClientCertificate =
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** What was found out about a connection, and until when it holds, in milliseconds since 1970. */
interface Finding {
  readonly certificate: ClientCertificate | undefined;
  readonly until: number;
}

// A connection says who is at its other end once, in its handshake, and is asked with every request.
const findings = new WeakMap<Socket, Finding>();

const expired = refused('it has expired');
const foreign = refused('none of the authorities that are accepted here has issued it');
const unfit = refused('it is not for client authentication');

/** What OpenSSL may have against a certificate that has a plain reason. */
const reasons: Readonly<Record<string, ClientCertificate>> = {
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: refused('it is not valid yet'),
  DEPTH_ZERO_SELF_SIGNED_CERT: foreign,
  INVALID_PURPOSE: unfit,
  SELF_SIGNED_CERT_IN_CHAIN: foreign,
  UNABLE_TO_GET_ISSUER_CERT: foreign,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: foreign,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: foreign,
};

/**
 * What the certificate of the client at the other end says: the common name of its subject (RFC 5280
 * §4.1.2.6) is the name of a user. One that can't be accepted is `refused`, never taken for none; but clients
 * in Go, docker and podman among them, keep back what none of the authorities has issued (Go's `crypto/tls`,
 * `CertificateRequestInfo.SupportsCertificate`).
 * `undefined` for a client that has shown none, and for a connection without TLS. `now` is in milliseconds
 * since 1970: a connection may outlive the certificate that it was opened with.
 */
export function certificateOf(socket: Socket, now = Date.now()): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const finding = findings.get(socket) ?? examine(socket);
  return now < finding.until ? finding.certificate : expired;
}

/** Turns away, from its next request on, a client whose authority is not accepted any more. */
export function disownCertificate(socket: TLSSocket): void {
  findings.set(socket, { certificate: foreign, until: Infinity });
}

/** The user's name that the common names of a subject give; the reason against them when they give none. */
export function readCommonName(names: string | readonly string[] | undefined): ClientCertificate {
  if (names === undefined) return refused('its subject has no common name (CN)');
  if (typeof names !== 'string') return refused('its subject has more than one common name (CN)');
  if (printable.test(names)) return { kind: 'user', name: names };
  return refused('its common name (CN) is empty, longer than 256 characters, or not printable');
}

/** No control characters, nor what turns the direction of a line round: names stand in rules and in logs. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,256}$/u;

function examine(socket: TLSSocket): Finding {
  const finding = findingOf(socket);
  findings.set(socket, finding);
  return finding;
}

function findingOf(socket: TLSSocket): Finding {
  const shown = socket.getPeerX509Certificate();
  // To Node, a client without a certificate is not authorized either.
  if (shown === undefined) return { certificate: undefined, until: Infinity };
  if (!socket.authorized) {
    // A code, whatever its type says.
    const code = String(socket.authorizationError);
    return { certificate: reasons[code] ?? refused(`it is not valid: ${code}`), until: Infinity };
  }
  const { CN } = shown.toLegacyObject().subject;
  return { certificate: readCommonName(CN), until: shown.validToDate.getTime() };
}

function refused(reason: string): ClientCertificate {
  return { kind: 'refused', reason };
}
