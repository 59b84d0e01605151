import { tryTables } from './run.ts';

// All routes are tried in each cell by matrix.trial.ts.
tryTables(2);
