import type { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { disownCertificate } from './clientCertificate.ts';

/**
 * The connections of a server whose clients have shown a certificate that was accepted. What is kept alive
 * would otherwise be a way round a change of the authorities for as long as its client likes, and so would a
 * handshake that was begun before the change and ends after it.
 */
export class AcceptedClients {
  readonly #sockets = new Set<TLSSocket>();
  /** The fingerprints of the authorities since they changed. */
  #known: ReadonlySet<string> | undefined;

  /** Of a server that has no connection yet. */
  constructor(server: Server) {
    server.on('secureConnection', (socket: TLSSocket) => {
      if (!socket.authorized) return;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.#examine(socket);
    });
  }

  /** Disowns the clients whose certificates lead to none of these. What is being sent to them goes on. */
  keepTo(authorities: readonly X509Certificate[]): void {
    this.#known = new Set(authorities.map(({ fingerprint256 }) => fingerprint256));
    for (const socket of this.#sockets) this.#examine(socket);
  }

  #examine(socket: TLSSocket): void {
    if (this.#known?.has(rootOf(socket.getPeerCertificate(true))) === false) {
      disownCertificate(socket);
    }
  }
}

/** The fingerprint of the last certificate that is known of a chain. A root is its own issuer. */
function rootOf(certificate: DetailedPeerCertificate): string {
  const issuer = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
  const isLast = issuer === undefined || issuer.fingerprint256 === certificate.fingerprint256;
  return isLast ? certificate.fingerprint256 : rootOf(issuer);
}
