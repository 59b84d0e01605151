import { requestKinds, type RequestKind, type RequestOutcome } from './mirrorObserver.ts';

/** Where a request was sent to: the API's base `/v2/`, one of the kinds of content, or anywhere else. */
export const requestRoutes = ['base', ...requestKinds, 'other'] as const;
/** One of {@link requestRoutes}. */
export type RequestRoute = (typeof requestRoutes)[number];

/** What is measured of a request. */
export interface MeasuredRequest {
  readonly method: string;
  readonly route: RequestRoute;
  /** The status that went out, or would have gone out had the client stayed. */
  readonly status: number;
  /** Bytes of the body that were handed to the socket, or over to nginx to be sent; 0 for HEAD. */
  readonly bytesSent: number;
  /** From the request's head to the last byte of the answer, or to the moment it was given up. */
  readonly durationSeconds: number;
  /** From the request's head to the answer's; absent when no answer went out. */
  readonly firstByteSeconds?: number | undefined;
  /** Absent when the path asks for no content; the same holds for `outcome`. */
  readonly kind?: RequestKind | undefined;
  readonly outcome?: RequestOutcome | undefined;
  /** The configured upstream that was meant, by the name clients use; absent when none was. */
  readonly upstream?: string | undefined;
}

/** A request that was answered, or whose client went away before it was. */
export interface FinishedRequest extends MeasuredRequest {
  /** The path as it was sent, without its query. */
  readonly path: string;
  /** The client's address. */
  readonly client: string;
  /** The client's name, where it showed one, and how: by a password, a certificate, or credentials of the upstream. */
  readonly user?: string | undefined;
  readonly authenticatedBy?: 'password' | 'certificate' | 'upstream' | undefined;
  /** By what the client may have the content: `public`, or the setting; absent where it may not. */
  readonly rule?: string | undefined;
  readonly requestId: string;
  /** Whether the answer ended before its last byte. */
  readonly aborted: boolean;
  /** Whether nginx was left to send the body. */
  readonly handedOver: boolean;
  /** What went wrong, where something did. */
  readonly error?: unknown;
}

/** Who wants to know of finished requests; metrics and request log implement it. */
export interface RequestObserver {
  /** A request ended, one way or the other. Called once for each. */
  finished(request: FinishedRequest): void;
}
