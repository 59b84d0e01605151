/** The measure that says on how much of a core each client process was busy: whether it was what was measured. */
export const clientLoad = 'client load';

/** The measure that says what a download cost the client. */
export const clientCpu = 'client CPU';

/** What says something of the client alone. */
export const clientMeasures: readonly string[] = [clientLoad, clientCpu];

/** From how many cores on a client of one thread may be the bound. */
export const boundByClient = 0.9;
