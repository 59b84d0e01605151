import { loadBatch } from '../support/batch.ts';

await loadBatch(import.meta.filename);
