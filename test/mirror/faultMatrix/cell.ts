/** Where in a pull the fault strikes: the columns of the matrix. */
export const stages = [
  'token',
  'manifest_head',
  'manifest_get',
  'blob_redirect',
  'blob at 0 %',
  'blob at 1 %',
  'blob at 99 %',
  'resume',
] as const;
/** One of {@link stages}; `resume` is the request that follows a cut in the middle of the blob. */
export type Stage = (typeof stages)[number];

/**
 * What the mirror has of the image. `past`: all of it, with a tag that is to be confirmed; `fresh`: all
 * of it, with a tag that is not.
 */
export const states = ['absent', 'past', 'fresh'] as const;
/** One of {@link states}. */
export type State = (typeof states)[number];

/** Whether the fault strikes one request, or each one until it is cleared. */
export const lifetimes = ['once', 'stays'] as const;
/** One of {@link lifetimes}. */
export type FaultLifetime = (typeof lifetimes)[number];

/** One pull of the matrix; `effect` is a row of the table. */
export interface Cell {
  readonly effect: string;
  readonly stage: Stage;
  readonly state: State;
  readonly lifetime: FaultLifetime;
}

/** Names a cell for a message; it is the seed of the cell's image too. */
export function nameOf({ effect, stage, state, lifetime }: Cell): string {
  return `${effect} × ${stage} × ${state} × ${lifetime}`;
}

/** Whether the pull gets as far as this stage: what is held is not asked for. */
export function isReached({ stage, state }: Cell): boolean {
  if (state === 'absent') return true;
  return state === 'past' && (stage === 'token' || stage === 'manifest_head');
}
