import type { Server } from 'node:http';
import { Server as HttpsServer, type ServerOptions } from 'node:https';

/** A certificate with what leads to its issuer, and its key, in PEM form. */
export interface TlsPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** What a certificate is used with; TLS 1.2 is the oldest that is spoken. */
export function tlsOptions({ certificate, key }: TlsPair) {
  return {
    cert: certificate,
    key,
    // Said here, so that no flag of Node's can lower it.
    minVersion: 'TLSv1.2',
    // The client's order: Go's prefers AES-128, and where a processor has no AES instructions, ChaCha20. All
    // that is offered is safe.
    honorCipherOrder: false,
  } as const satisfies ServerOptions;
}

/** Has a server use another certificate for the connections to come; those that are open keep theirs. */
export function useCertificate(server: Server, pair: TlsPair): void {
  if (!(server instanceof HttpsServer)) throw new TypeError('the server does not speak TLS');
  server.setSecureContext(tlsOptions(pair));
}

/** How a server speaks TLS: HTTP/1.1 alone, with `handshakeTimeout` milliseconds for a client to begin. */
export function tlsServerOptions(pair: TlsPair, handshakeTimeout: number) {
  return { ...tlsOptions(pair), handshakeTimeout, ALPNProtocols: ['http/1.1'] };
}
