const untrusted =
  'nobody known has issued its certificate; say who with NODE_EXTRA_CA_CERTS=FILE, a PEM file with the certificate of the issuer';
const noTls = 'it does not speak TLS; is it http:// instead?';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host can’t be reached',
  ENETUNREACH: 'the network can’t be reached',
  ECONNRESET: 'the connection was broken off',
  UND_ERR_SOCKET: 'the connection was broken off',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_BODY_TIMEOUT: 'no sign of life for too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: 'its certificate has expired and has to be renewed',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock of this machine right?',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another name; give the address with a name that the certificate has',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
};

/** Why nothing was to be had from an address, in a few words; what TLS is spoken at hangs up on plain HTTP. */
export function unreachableReason(error: unknown, { protocol }: URL): string {
  const reason = networkReason(error);
  const isCut = reason === reasons['UND_ERR_SOCKET'];
  return isCut && protocol === 'http:' ? `${reason}; is it https:// instead?` : reason;
}

/** Why a call over the network failed, in a few words. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? (reasons[code] ?? code) : error.message;
}
