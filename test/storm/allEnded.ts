/** Settles when all have, and rejects as the first of them did: then nothing goes on behind the caller's back. */
export async function allEnded(works: ReadonlyArray<Promise<void>>): Promise<void> {
  try {
    await Promise.all(works);
  } finally {
    await Promise.allSettled(works);
  }
}
