/** Whatever says when something made for a test is no longer needed; node:test's context is one. */
export interface Lifetime {
  after(cleanUp: () => void | Promise<void>): void;
}
