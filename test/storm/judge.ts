import type { Reading } from './reading.ts';

/** What was asked for, as far as it matters to whether the answer may be wrong. */
export interface Question {
  readonly subject: string;
  /** Bytes of the whole content. */
  readonly size: number;
  /** The first byte asked for, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Whether the Hub has ever spoilt an answer with this content. */
  readonly everSpoilt: boolean;
}

/**
 * What is wrong with an answer that no client could know to be wrong, or that nothing excuses; `undefined`
 * when all is well. While bytes come in they are passed on before anybody can know whether they are
 * right. So wrong ones are excused where the Hub spoilt them, they were not held, and the answer either
 * ended short or leaves out the end of the content: its last byte is given to nobody before the digest fits.
 */
export function lieIn(reading: Reading, question: Question): string | undefined {
  const { status, cache, contentRange, bytes, whole, right } = reading;
  const { subject, size, start, end, everSpoilt } = question;
  if (status === 500) return `${subject}: 500, a fault of the mirror's own`;
  if (status !== 200 && status !== 206) return undefined;
  const isHeld = cache === 'hit' || cache === 'revalidated';
  const isExcusable = everSpoilt && !isHeld;
  const wanted = status === 206 ? end - start : size;
  const says = `${subject}, bytes ${start} to ${end} of ${size}: ${status} ${cache ?? ''} of ${bytes}`;
  if (!right && !isExcusable) return `${says} with wrong bytes`;
  if (whole && (!right || bytes !== wanted) && (status === 200 || end === size)) {
    return `${says} ended as if it were whole and right`;
  }
  if (whole && bytes !== wanted && !isExcusable) return `${says} ended too early`;
  const isAsAsked = status === 200 || contentRange === `bytes ${start}-${end - 1}/${size}`;
  if (!isAsAsked && !isExcusable) return `${says} claims to be ${contentRange ?? 'no range'}`;
  if (status === 200 && start > 0) return `${says} is no answer to a range`;
  return undefined;
}
