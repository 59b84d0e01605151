import type { Trial } from './trial.ts';
import { coldBlob, coldClients } from './trials/coldBlob.ts';
import { coldBlobOverLink, coldImageOverLink } from './trials/coldOverLink.ts';
import { memory } from './trials/memory.ts';
import { scale } from './trials/scale.ts';
import { slowDisk } from './trials/slowDisk.ts';
import { warmBlob } from './trials/warmBlob.ts';
import { warmBlobOverTls } from './trials/warmBlobOverTls.ts';
import { warmImages } from './trials/warmImages.ts';
import { warmSmall } from './trials/warmSmall.ts';

/** All that is measured, in this order: first what shares warmed contenders. */
export const trials: readonly Trial[] = [
  warmSmall,
  warmImages,
  warmBlob,
  warmBlobOverTls,
  coldBlob,
  coldClients,
  coldBlobOverLink,
  coldImageOverLink,
  memory,
  scale,
  slowDisk,
];
