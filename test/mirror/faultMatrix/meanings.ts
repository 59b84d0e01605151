/** What a fault comes to for the mirror. */
export const meanings = {
  fine: 'does no harm',
  broken: 'the connection ends without an answer',
  silent: 'no answer in time',
  cut: 'the answer breaks off',
  stalled: 'the answer stops and does not go on in time',
  error: 'a 5xx, or an answer that makes no sense',
  expired: 'an address that the CDN will refuse',
  pull_limit: '429 of the pull limit',
  abuse_limit: '429 that says when to come back',
  throttled: '429 that says nothing more',
  absent: 'there is no such thing',
  gone: 'the repository is private or gone',
  refused: 'our token is not accepted',
  forbidden: 'leads where the mirror must not go',
  nameless: 'says not what the digest is, so that only a GET can tell',
  sizeless: 'says not how long the manifest is, which a HEAD is to be answered with',
  wrong: 'other bytes than the digest says',
  resized: 'another size than before',
  overlong: 'a size that is too great',
} as const;
/** One of {@link meanings}. */
export type Meaning = keyof typeof meanings;

/** Why a cell makes no sense. */
export const reasons = {
  '-body': 'n/a: the answer has no body',
  '-json': 'n/a: the body is no JSON',
  '-hash': 'n/a: nothing says what the bytes have to be',
  '-blob': 'n/a: only blobs are asked for in parts and can change between them',
  '-range': 'n/a: no range is asked for',
  '-sign': 'n/a: nothing about it is signed',
  '-name': 'n/a: it names no digest',
  '-once': 'n/a: strikes the whole answer, which is the column of 0 %',
} as const;
/** One of {@link reasons}. */
export type Reason = keyof typeof reasons;

/** Whether a cell makes sense. */
export function isMeaning(entry: Meaning | Reason): entry is Meaning {
  return Object.hasOwn(meanings, entry);
}
