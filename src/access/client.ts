/** Who asks, as far as it shows without looking into anything. */
export interface Client {
  /** The address, that behind trusted proxies. */
  readonly address: string;
  /** `Authorization` as it was sent, not checked. */
  readonly authorization: string | undefined;
  /** The name in a certificate that was verified. */
  readonly certificateName: string | undefined;
  /** Whether nobody else can read what is sent: over TLS, or from this machine. */
  readonly isSafe: boolean;
}

/** Who a client turned out to be. */
export interface Identity {
  readonly name: string;
  /** What showed it: a password of the htpasswd file, a certificate, or credentials that an upstream took. */
  readonly by: 'password' | 'certificate' | 'upstream';
}
