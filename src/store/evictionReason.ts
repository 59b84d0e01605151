/** Why a blob was removed, as the metrics name it. */
export const evictionReasons = [
  'size',
  'disk',
  'idle',
  'purge',
  'corrupt',
  'unreferenced',
] as const;
/** One of {@link evictionReasons}. */
export type EvictionReason = (typeof evictionReasons)[number];
