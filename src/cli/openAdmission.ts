import type { Logger } from 'pino';
import { AccessRules } from '../access/accessRules.ts';
import { Admission } from '../access/admission.ts';
import { LogInFailures } from '../access/logInFailures.ts';
import { LogIns } from '../access/logIns.ts';
import { UpstreamCredentials } from '../access/upstreamCredentials.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Visibility } from '../mirror/visibility.ts';
import { openPasswords, type OpenedPasswords } from './passwordFile.ts';

/** Who may pull what, and what keeps that up to date. */
export interface OpenedAdmission {
  readonly admission: Admission;
  /** To be started; `undefined` without a file of users. */
  readonly renewal: OpenedPasswords['renewal'] | undefined;
}

/** What {@link openAdmission} needs beside the configuration. */
export interface AdmissionSurroundings {
  readonly visibility: Visibility;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Who may pull what, as the configuration has it. Rejects when the file of users can't be used. */
export async function openAdmission(
  { access }: Configuration,
  { visibility, now, logger }: AdmissionSurroundings,
): Promise<OpenedAdmission> {
  // One for both: nobody is to have twice as many guesses.
  const failures = new LogInFailures({ now });
  const users =
    access.htpasswdFile === undefined
      ? undefined
      : await openPasswords(access.htpasswdFile, { failures, now, logger });
  const verifies = access.upstreamCredentials === 'verify';
  const admission = new Admission({
    visibility,
    rules: new AccessRules(access.rules, access.groups),
    anonymous: access.anonymous,
    logIns: new LogIns({
      passwords: users?.passwords,
      upstreamCredentials: verifies ? new UpstreamCredentials({ failures, now }) : undefined,
    }),
  });
  return { admission, renewal: users?.renewal };
}
