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
};

/** Why a call over the network failed, in a few words. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? (reasons[code] ?? code) : error.message;
}
