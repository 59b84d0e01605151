/**
 * Every error that a client can be told: the codes of the OCI distribution-spec and of CNCF
 * Distribution, each with its status. `NOT_FOUND` is for paths that are no registry route at all.
 */
export const registryErrors = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  DIGEST_INVALID: { status: 400, message: 'not a sha256 or sha512 digest in lower-case hex' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  NOT_FOUND: { status: 404, message: 'no such route' },
  PAGINATION_NUMBER_INVALID: { status: 400, message: 'n is not a whole number of at least 0' },
  RANGE_INVALID: { status: 416, message: 'the range lies outside of the blob' },
  REQUEST_INVALID: { status: 400, message: 'malformed request' },
  HEADERS_TOO_LARGE: { status: 431, message: 'the request headers are too large' },
  REQUEST_TIMEOUT: { status: 408, message: 'the request did not arrive in time' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  // Not the sentence of CNCF Distribution: clients that are made with it, docker and podman among them, leave that out.
  UNAUTHORIZED: { status: 401, message: 'a valid log-in is required' },
  UNAVAILABLE: { status: 503, message: 'service unavailable' },
  UNKNOWN: { status: 500, message: 'unknown error' },
  UNSUPPORTED: {
    status: 405,
    message: 'this is a pull-through mirror: push and delete are not supported',
  },
} as const;

/** A code of {@link registryErrors}. */
export type RegistryErrorCode = keyof typeof registryErrors;

/** What a {@link RegistryError} may carry beside its code. */
export interface RegistryErrorOptions {
  /** Replaces the table's sentence. It reaches the client: no secret, no path, no signed address. */
  readonly message?: string;
  /** The `detail` member of the error body. */
  readonly detail?: unknown;
  /** Seconds for a `Retry-After` header. */
  readonly retryAfter?: number;
  /** What lies behind it; for the log alone. */
  readonly cause?: unknown;
}

/** An error that is an answer: thrown anywhere, written to the client in one place. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly detail: unknown;
  readonly retryAfter: number | undefined;

  constructor(code: RegistryErrorCode, options: RegistryErrorOptions = {}) {
    super(options.message ?? registryErrors[code].message, { cause: options.cause });
    this.name = 'RegistryError';
    this.code = code;
    this.detail = options.detail;
    this.retryAfter = options.retryAfter;
  }

  /** The HTTP status that the table gives to the code. */
  get status(): number {
    return registryErrors[this.code].status;
  }

  /** The body of the OCI distribution-spec's "Error codes" section, as JSON text. */
  toBody(): string {
    const { code, message, detail } = this;
    return JSON.stringify({
      errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }],
    });
  }
}
