import { faultTable, type FaultEffects, type Interceptor } from './faultTable.ts';
import type { HubRequest, Operation } from './hubRequest.ts';
import type { Handler } from './origin.ts';
import type { RawReply, Reply } from './reply.ts';

/** Every step of a pull at which the Hub can be made to fail. */
export const faultStages = [
  'token',
  'ping',
  'manifest_head',
  'manifest_get',
  'blob_head',
  'blob_redirect',
  'blob_body',
  'tags',
  'referrers',
] as const;
/** One of {@link faultStages}. `blob_body` is the CDN's answer, or the registry's own where it redirects not. */
export type FaultStage = (typeof faultStages)[number];

/** What goes wrong, where, and how often. Several effects in one fault work together. */
export interface Fault extends FaultEffects {
  readonly at: FaultStage | readonly FaultStage[];
  /** How many requests it hits. Default: all, until it is cleared. */
  readonly times?: number | 'always';
  /** How many requests it lets pass before the first one it hits. Default: 0. */
  readonly after?: number;
  /** Which requests of the stage are meant. Default: all. */
  readonly when?: (request: HubRequest) => boolean;
}

/** A fault that was ordered. */
export interface FaultHandle {
  /** How many requests it has hit. */
  readonly hits: number;
  /** Lets go of what it holds or has stalled, and holds and stalls nothing more. */
  release(): void;
  /** Ends it: no further request is hit, and what it holds goes on. */
  clear(): void;
}

/** What a test can do about faults. */
export interface FaultControls {
  /** Orders a fault. All faults that match a request apply to it, the oldest outermost. */
  fault(fault: Fault): FaultHandle;
  /** Ends all faults. */
  clearFaults(): void;
}

/** The faults that are in force. */
export interface FaultBoard {
  readonly controls: FaultControls;
  /** Answers a request as its handler does, except for what the faults of the stage make of it. */
  around(
    stage: FaultStage,
    request: HubRequest,
    handle: Handler,
  ): Promise<Reply | RawReply> | Reply | RawReply;
}

/** A fault in force. */
interface OrderedFault extends FaultHandle {
  /** Whether this request is to be hit; counts it if so. */
  hit(stage: FaultStage, request: HubRequest): boolean;
  readonly interceptors: readonly Interceptor[];
}

/** No faults yet. */
export function createFaultBoard(): FaultBoard {
  const ordered: OrderedFault[] = [];
  return {
    controls: {
      fault: (fault) => {
        const one = order(fault);
        ordered.push(one);
        return one;
      },
      clearFaults: () => {
        for (const one of ordered) one.clear();
      },
    },
    around: (stage, request, handle) => {
      const chain = ordered
        .filter((one) => one.hit(stage, request))
        .flatMap((one) => one.interceptors);
      return chain.reduceRight<Handler>(
        (next, interceptor) => (asked) => interceptor(asked, next),
        handle,
      )(request);
    },
  };
}

/** The stage of a request to one of the origins. */
export function stageOf(operation: Operation): FaultStage | undefined {
  switch (operation) {
    case 'blob_get':
      return 'blob_redirect';
    case 'cdn_get':
      return 'blob_body';
    case 'other':
      return undefined;
    default:
      return operation;
  }
}

function order(fault: Fault): OrderedFault {
  const { at, times = 'always', after = 0, when = () => true } = fault;
  const stages: readonly FaultStage[] = typeof at === 'string' ? [at] : at;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let seen = 0;
  let hits = 0;
  let isCleared = false;
  return {
    interceptors: interceptorsOf(fault, released),
    get hits() {
      return hits;
    },
    hit: (stage, request) => {
      if (isCleared || !stages.includes(stage) || !when(request)) return false;
      seen += 1;
      if (seen <= after || (times !== 'always' && hits >= times)) return false;
      hits += 1;
      return true;
    },
    release,
    clear: () => {
      isCleared = true;
      release();
    },
  };
}

/** The fault's effects in the order of the table, whatever order they were given in. */
function interceptorsOf(fault: FaultEffects, released: Promise<void>): readonly Interceptor[] {
  const names = Object.keys(faultTable) as (keyof FaultEffects)[];
  return names.flatMap((name) => interceptorOf(name, fault[name], released) ?? []);
}

function interceptorOf<Name extends keyof FaultEffects>(
  name: Name,
  value: Required<FaultEffects>[Name] | undefined,
  released: Promise<void>,
): Interceptor | undefined {
  return value === undefined ? undefined : faultTable[name](value, released);
}
