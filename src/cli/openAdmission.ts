import { AccessRules } from '../access/accessRules.ts';
import { Admission } from '../access/admission.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Visibility } from '../mirror/visibility.ts';

/** Who may pull what, as the configuration has it. */
export function openAdmission({ access }: Configuration, visibility: Visibility): Admission {
  const rules = new AccessRules(access.rules, access.groups);
  return new Admission({ visibility, rules, anonymous: access.anonymous });
}
