import type { HubRequest, OriginName } from './hubRequest.ts';

/** A request that reached the scripted Hub, and what became of it. Filled in as it goes on. */
export interface RecordedRequest extends HubRequest {
  /** Whose credentials or token came with it; absent for an anonymous client and on the CDN. */
  readonly account?: string;
  /** Absent until an answer begins, and for good when the connection was ended without one. */
  status?: number;
  /** Of the body, as far as the kernel took them; a client that leaves may have read fewer. */
  bytesSent: number;
  /** `completed`: the whole answer went out. `aborted`: a fault or the client ended it before. */
  outcome: 'open' | 'completed' | 'aborted';
}

/** Which requests are meant: those that equal it in every member given, or that satisfy it. */
export type RequestFilter =
  | Partial<
      Pick<
        RecordedRequest,
        | 'origin'
        | 'operation'
        | 'method'
        | 'path'
        | 'repository'
        | 'reference'
        | 'account'
        | 'status'
        | 'outcome'
      >
    >
  | ((request: RecordedRequest) => boolean);

/** What a test can ask about the requests that came in. */
export interface RequestLog {
  /** Every request since the start or the last {@link forget}, in the order they came. */
  readonly requests: readonly RecordedRequest[];
  count(filter?: RequestFilter): number;
  /** Body bytes sent by one origin, or by all. */
  bytesSent(origin?: OriginName): number;
  /** Empties {@link requests}. */
  forget(): void;
  /** Resolves with the requests that match as soon as there are so many (default 1). */
  waitFor(filter: RequestFilter, times?: number): Promise<readonly RecordedRequest[]>;
  /** Resolves as soon as no request is being answered. */
  idle(): Promise<void>;
}

/** The side of the log that the origins write to. */
export interface RequestRecorder {
  readonly log: RequestLog;
  arrived(request: HubRequest, account: string | undefined): RecordedRequest;
  /** Something about a recorded request has changed. */
  changed(): void;
}

/** An empty log. */
export function createRecorder(): RequestRecorder {
  const requests: RecordedRequest[] = [];
  const watchers = new Set<() => void>();
  const matching = (filter: RequestFilter) => requests.filter((one) => matches(one, filter));
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  const when = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!isSo()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  const log: RequestLog = {
    requests,
    count: (filter = {}) => matching(filter).length,
    bytesSent: (origin) =>
      matching(origin === undefined ? {} : { origin }).reduce((sum, one) => sum + one.bytesSent, 0),
    forget: () => {
      requests.length = 0;
    },
    waitFor: async (filter, times = 1) => {
      await when(() => matching(filter).length >= times);
      return matching(filter);
    },
    idle: () => when(() => requests.every((one) => one.outcome !== 'open')),
  };
  const arrived = (request: HubRequest, account: string | undefined) => {
    const recorded = record(request, account);
    requests.push(recorded);
    changed();
    return recorded;
  };
  return { log, arrived, changed };
}

function record(request: HubRequest, account: string | undefined): RecordedRequest {
  return {
    ...request,
    ...(account === undefined ? {} : { account }),
    bytesSent: 0,
    outcome: 'open',
  };
}

function matches(request: RecordedRequest, filter: RequestFilter): boolean {
  if (typeof filter === 'function') return filter(request);
  return Object.entries(filter).every(
    ([name, wanted]) => request[name as keyof RecordedRequest] === wanted,
  );
}
