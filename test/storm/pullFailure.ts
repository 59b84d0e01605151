/** An attempt to pull came to nothing, as a client sees it. */
export class PullFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PullFailure';
  }
}

/** The client itself hung up. */
export class HungUp extends Error {
  constructor() {
    super('the client hung up');
    this.name = 'HungUp';
  }
}
