import { request, type Dispatcher } from 'undici';
import { untilAborted } from './deadline.ts';
import { headerText, type ResponseHeaders } from './headers.ts';
import { networkFailure } from './networkFailure.ts';
import { drain, type DisposableBody } from './responseBody.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** Which redirects are followed; of those that are not, the answer itself is returned or an error. */
export type RedirectPolicy =
  /** all that the rules allow */
  | 'follow'
  /** none that leads to another origin: those are forbidden */
  | 'same_origin'
  /** none: a redirect is the answer */
  | 'none';

/** A request without a body. */
export interface Outgoing {
  /** What is asked for, for messages: a few words without secrets. */
  readonly subject: string;
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly redirects: RedirectPolicy;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
}

/** An answer. Whoever gets one must read, drain or abandon the body. */
export interface Incoming {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: DisposableBody;
  /** Whether redirects led away from the origin that was asked. */
  readonly elsewhere: boolean;
  /** When it was asked for, in milliseconds of the monotonic clock. */
  readonly askedAt: number;
}

/** An answer to one request, of which there are several with redirects. */
type HopAnswer = Omit<Incoming, 'askedAt'>;

interface Hop {
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly elsewhere: boolean;
}

const maximumRedirects = 10;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows its redirects. `Authorization` goes to the first origin alone: it is
 * gone with the first redirect away from there and does not come back. What fails on the way is an
 * {@link UpstreamError}; when the signal aborts, its reason is thrown.
 */
export async function exchange(outgoing: Outgoing, context: UpstreamContext): Promise<Incoming> {
  const { url, authorization, redirects } = outgoing;
  const askedAt = context.now();
  let hop: Hop = { url, authorization, elsewhere: false };
  for (let count = 0; count <= maximumRedirects; count++) {
    const answer = await send(outgoing, hop, context);
    if (!redirectStatuses.has(answer.status) || redirects === 'none') return { ...answer, askedAt };
    drain(answer.body);
    hop = nextHop(outgoing, hop, answer.headers, context);
  }
  throw new UpstreamError(
    context.host,
    'server_error',
    `${outgoing.subject}: more than ${maximumRedirects} redirects`,
  );
}

async function send(outgoing: Outgoing, hop: Hop, context: UpstreamContext): Promise<HopAnswer> {
  const { subject, method, headers, dispatcher, signal } = outgoing;
  const { url, authorization, elsewhere } = hop;
  try {
    // undici delivers an abort only when a request has left its queue, hence untilAborted.
    const answer = await untilAborted(
      request(url, {
        method,
        headers: {
          ...headers,
          'accept-encoding': 'identity',
          'user-agent': context.userAgent,
          ...(authorization === undefined ? {} : { authorization }),
        },
        dispatcher,
        signal,
        // undici would close the connection after each HEAD; clients written in Go do not, and an idle
        // one shows by its end that the upstream has gone.
        reset: false,
      }),
      signal,
    );
    const { statusCode: status, headers: answered, body } = answer;
    return { status, headers: answered, body, elsewhere };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw networkFailure({ host: context.host, subject, elsewhere }, error);
  }
}

function nextHop(
  { subject, url: first, redirects }: Outgoing,
  { url: from, authorization, elsewhere }: Hop,
  headers: ResponseHeaders,
  { host, rules }: UpstreamContext,
): Hop {
  const location = headerText(headers, 'location');
  if (location === undefined) {
    throw new UpstreamError(host, 'server_error', `${subject}: a redirect without a target`);
  }
  const url = rules.redirect(from, location);
  const leaves = elsewhere || url.origin !== first.origin;
  if (leaves && redirects === 'same_origin') {
    throw new UpstreamError(
      host,
      'forbidden_address',
      `${subject}: a redirect to ${url.origin} is not followed with credentials`,
    );
  }
  return { url, authorization: leaves ? undefined : authorization, elsewhere: leaves };
}
