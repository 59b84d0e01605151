/** What a configuration that is right leaves open, or has to no effect. Nothing in it is secret. */
export interface ConfigurationWarning {
  /** The setting, such as `access.private`. */
  readonly key: string;
  /** What is open, and to whom, or what does nothing: one sentence without a full stop. */
  readonly message: string;
  /** What helps, in the imperative. */
  readonly advice: string;
}

/** The warning in one line. */
export function formatWarning({ key, message, advice }: ConfigurationWarning): string {
  return `${key}: ${message}; ${advice}`;
}
