/** There is no room for a blob, even if others were evicted. */
export class StoreFullError extends Error {
  constructor(size: number) {
    super(`no room for ${size} bytes: storage.maxSize, storage.minFree and storage.pin leave none`);
    this.name = 'StoreFullError';
  }
}
