import { effectsOfPosition } from './effects.ts';
import type { Stage } from './cell.ts';
import { meanings, reasons, type Meaning, type Reason } from './meanings.ts';

// What each effect comes to at each stage, in the words of `meanings`, or why that makes no sense.
const table = `
  effect                        | token       | manifest_head | manifest_get | blob_redirect | blob_body   | resume
  delayHeaders: 20 ms           | fine        | fine          | fine         | fine          | fine        | fine
  delayHeaders: hold            | silent      | silent        | silent       | silent        | silent      | silent
  refuse: fin                   | broken      | broken        | broken       | broken        | broken      | broken
  refuse: reset                 | broken      | broken        | broken       | broken        | broken      | broken
  cutAfter                      | cut         | -body         | cut          | -body         | cut         | cut
  resetAfter                    | cut         | -body         | cut          | -body         | cut         | cut
  stallAfter                    | stalled     | -body         | stalled      | -body         | stalled     | stalled
  slow                          | fine        | -body         | fine         | -body         | fine        | fine
  wrongLength: too great        | cut         | fine          | cut          | fine          | overlong    | fine
  wrongLength: too small        | error       | fine          | error        | fine          | wrong       | cut
  wrongByteAt                   | -hash       | -body         | error        | -body         | wrong       | wrong
  headers: coded                | fine        | fine          | error        | fine          | error       | error
  headers: no length            | fine        | sizeless      | fine         | fine          | fine        | fine
  headers: no digest            | -name       | nameless      | fine         | fine          | -name       | -name
  body                          | error       | fine          | error        | fine          | wrong       | error
  editJson                      | error       | -body         | error        | -body         | -json       | -json
  changedEntity                 | -blob       | -blob         | -blob        | -blob         | wrong       | wrong
  ignoreRange                   | -range      | -range        | -range       | -range        | -range      | fine
  expireSignature               | -sign       | -sign         | -sign        | expired       | error       | error
  status: 401                   | gone        | refused       | refused      | refused       | error       | error
  status: 403                   | gone        | gone          | gone         | gone          | error       | error
  status: 404                   | error       | absent        | absent       | absent        | absent      | absent
  status: 429                   | throttled   | throttled     | throttled    | throttled     | throttled   | throttled
  status: 500                   | error       | error         | error        | error         | error       | error
  status: 502                   | error       | error         | error        | error         | error       | error
  status: 503                   | error       | error         | error        | error         | error       | error
  status: 504                   | error       | error         | error        | error         | error       | error
  throttle: pull_limit          | pull_limit  | pull_limit    | pull_limit   | pull_limit    | pull_limit  | pull_limit
  throttle: abuse_limit         | abuse_limit | abuse_limit   | abuse_limit  | abuse_limit   | abuse_limit | abuse_limit
  throttle: abuse_limit_bare_lf | abuse_limit | abuse_limit   | abuse_limit  | abuse_limit   | abuse_limit | abuse_limit
  html                          | error       | nameless      | error        | wrong         | wrong       | resized
  redirectTo: no web address    | forbidden   | forbidden     | forbidden    | forbidden     | forbidden   | forbidden
  redirectTo: nobody            | forbidden   | error         | error        | error         | error       | error
`;

const [columns = [], ...rows] = table
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const meaningsByEffect = new Map(
  rows.map(([effect = '', ...cells]) => {
    return [effect, new Map(cells.map((cell, index) => [columns[index + 1] ?? '', cell]))] as const;
  }),
);

/** The rows of the table. */
export const effectsInTable: readonly string[] = [...meaningsByEffect.keys()];

/** What the table says of an effect at a stage. */
export function meaningOf(effect: string, stage: Stage): Meaning | Reason {
  const isLater = stage === 'blob at 1 %' || stage === 'blob at 99 %';
  if (isLater && !effectsOfPosition.has(effect)) return '-once';
  const column = stage.startsWith('blob at') ? 'blob_body' : stage;
  const text = meaningsByEffect.get(effect)?.get(column) ?? '';
  if (Object.hasOwn(meanings, text)) return text as Meaning;
  if (Object.hasOwn(reasons, text)) return text as Reason;
  throw new Error(`the matrix says ${JSON.stringify(text)} of ${effect} × ${stage}`);
}
