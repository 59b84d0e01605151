/** Does something while a pull goes on; rejects, without waiting for it, when the pull ends before it is done. */
export async function duringPull(pull: Promise<void>, action: () => Promise<void>): Promise<void> {
  const ended = pull.then(() => {
    throw new Error('the pull ended before it was to be disturbed');
  });
  await Promise.race([action(), ended]);
}
