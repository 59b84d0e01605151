import { AccessRules } from '../access/accessRules.ts';
import { Admission } from '../access/admission.ts';
import type { Visibility } from '../mirror/visibility.ts';

/** Who may pull what, as the configuration has it. */
export function openAdmission(visibility: Visibility): Admission {
  return new Admission({ visibility, rules: new AccessRules([], []), anonymous: true });
}
