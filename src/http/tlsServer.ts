import { constants } from 'node:crypto';
import type { Server } from 'node:http';
import { Server as HttpsServer, type ServerOptions } from 'node:https';

/** A certificate with what leads to its issuer, and its key, in PEM form. */
export interface TlsPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** The authorities whose certificates clients may show; `undefined` where they are asked for none. */
  readonly clientCa?: Buffer | undefined;
}

/** What a certificate is used with; TLS 1.2 is the oldest that is spoken. */
export function tlsOptions({ certificate, key, clientCa }: TlsPair) {
  return {
    cert: certificate,
    key,
    // Said here, so that no flag of Node's can lower it.
    minVersion: 'TLSv1.2',
    // The client's order: Go's prefers AES-128, and where a processor has no AES instructions, ChaCha20. All
    // that is offered is safe.
    honorCipherOrder: false,
    secureOptions: optionsFor(clientCa),
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  } as const satisfies ServerOptions;
}

/**
 * TLS 1.2 lets a client shake hands again: at a price for the server, and with another certificate than the one
 * that was accepted, which Node does not look at. A resumed session is taken at its word: that of a
 * certificate which has expired since, and whose chain is gone. No registry client does either.
 */
function optionsFor(clientCa: Buffer | undefined): number {
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET } = constants;
  return clientCa === undefined
    ? SSL_OP_NO_RENEGOTIATION
    : SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET;
}

/** Has a server use another certificate for the connections to come; those that are open keep theirs. */
export function useCertificate(server: Server, pair: TlsPair): void {
  if (!(server instanceof HttpsServer)) throw new TypeError('the server does not speak TLS');
  server.setSecureContext(tlsOptions(pair));
}

/**
 * How a server speaks TLS: HTTP/1.1 alone. With authorities for clients it asks each for a certificate, and
 * shakes hands with any: who has a wrong one is to get an answer that says so.
 */
export function tlsServerOptions(pair: TlsPair) {
  return {
    ...tlsOptions(pair),
    ALPNProtocols: ['http/1.1'],
    requestCert: pair.clientCa !== undefined,
    rejectUnauthorized: false,
  };
}
