/** One thing that is wrong with the configuration. Nothing in it is secret. */
export interface ConfigurationProblem {
  /** Where it stands: `FILE:LINE:COLUMN`, a variable of the environment, or a flag. */
  readonly source: string;
  /** The setting, such as `upstreams[0].tagFreshness`; absent when it is the source as a whole. */
  readonly key?: string;
  /** What was expected, or what is wrong: one sentence without a full stop. */
  readonly message: string;
  /** The value that was found, fit to be shown; absent when there is none or it may be a secret. */
  readonly value?: string;
}

/** The problem in one line, the source first as compilers do it, so that editors can jump there. */
export function formatProblem({ source, key, message, value }: ConfigurationProblem): string {
  const what = key === undefined || key === '' ? message : `${key}: ${message}`;
  return value === undefined ? `${source}: ${what}` : `${source}: ${what}, got ${value}`;
}

/** Thrown when the configuration can't be used; it carries every problem that was found. */
export class ConfigurationError extends Error {
  readonly problems: readonly ConfigurationProblem[];

  constructor(problems: readonly ConfigurationProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}
