import type { Fault } from '../../support/hub/faults.ts';
import type { HubRequest } from '../../support/hub/hubRequest.ts';
import type { Cell, Stage } from './cell.ts';
import { effects } from './effects.ts';
import type { PullTarget } from './pull.ts';

/** Bytes of the layer, which is what the faults of blobs strike. */
export const layerSize = 20_000;

/** A fault to order at the Hub. */
export interface Order {
  readonly fault: Fault;
  /**
   * The fault is to be released when the mirror has so many bytes of the layer: what is on its way when
   * a connection ends may be lost, and then the number of requests would depend on luck.
   */
  readonly releaseAt?: number;
}

/** The faults that make a cell; a resume is that of a transfer that was cut in the middle. */
export function ordersOf({ effect, stage, lifetime }: Cell, target: PullTarget): readonly Order[] {
  const times = lifetime === 'once' ? 1 : 'always';
  const what = { ...effects[effect]?.(positionOf(effect, stage)), times } as const;
  const ofLayer = (request: HubRequest) => request.reference === target.image.layers[0]?.digest;
  switch (stage) {
    case 'token':
    case 'manifest_head':
    case 'manifest_get':
      return [
        {
          fault: { ...what, at: stage, when: ({ repository }) => repository === target.repository },
        },
      ];
    case 'blob_redirect':
      return [{ fault: { ...what, at: stage, when: ofLayer } }];
    case 'resume':
      return [
        orderOf({ cutAfter: layerSize / 2, at: 'blob_body', times: 1, when: ofLayer }, 0),
        orderOf(
          {
            ...what,
            at: 'blob_body',
            when: (request) => ofLayer(request) && request.headers.range !== undefined,
          },
          layerSize / 2,
        ),
      ];
    default:
      return [orderOf({ ...what, at: 'blob_body', when: ofLayer }, 0)];
  }
}

/** `start` is where in the blob the answer begins that the fault strikes. */
function orderOf(fault: Fault, start: number): Order {
  const { cutAfter, resetAfter, wrongLength = 0 } = fault;
  const breaksAt = cutAfter ?? resetAfter ?? (wrongLength > 0 ? layerSize - start : 0);
  if (breaksAt === 0) return { fault };
  return {
    fault: {
      ...fault,
      stallAfter: breaksAt,
      // Cut as soon as it goes on.
      ...(cutAfter === undefined ? {} : { cutAfter: cutAfter + 1 }),
      ...(resetAfter === undefined ? {} : { resetAfter: resetAfter + 1 }),
    },
    releaseAt: start + breaksAt,
  };
}

/** Where an effect of a position strikes, in bytes of the answer, or of the blob for `wrongByteAt`. */
function positionOf(effect: string, stage: Stage): number {
  switch (stage) {
    case 'blob at 0 %':
      return 0;
    case 'blob at 1 %':
      return layerSize / 100;
    case 'blob at 99 %':
      return (layerSize / 100) * 99;
    case 'resume':
      return effect === 'wrongByteAt' ? (layerSize / 4) * 3 : layerSize / 100;
    default:
      return 20;
  }
}
