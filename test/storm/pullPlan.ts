import { Chance } from './chance.ts';
import type { StormImage, Target } from './stormImages.ts';

/** What a client does in one pull. */
export interface PullPlan {
  readonly target: Target;
  readonly by: 'tag' | 'digest';
  /** Ask by HEAD first, as containerd and Docker do. */
  readonly asksFirst: boolean;
  /** Into how many ranges, fetched at the same time, a layer of at least 1 MiB is divided. */
  readonly parts: number;
  /** Reads no more than 64 KiB in 10 ms of each answer. */
  readonly slow: boolean;
  /** Hangs up when it has got so many bytes, and comes back for the rest or not. */
  readonly hangUp?: { readonly afterBytes: number; readonly returns: boolean };
  /** Milliseconds before the attempt that follows a failed one. */
  readonly patience: number;
}

/** Sizes of a storm and what all is decided by. */
export interface StormScale {
  readonly seed: number;
  readonly round: number;
  readonly pulls: number;
  readonly clients: number;
  readonly images: number;
  readonly kills: number;
}

// New images come until then, so that the last of them has been pulled often enough, too.
const shareWithNewImages = 0.9;
/** How many of the newest images are asked for most. */
export const newestImages = 3;

/** How many images there are by the time of a pull: they come one after the other, so that fills never cease. */
export function imagesAt(pull: number, { pulls, images }: StormScale): number {
  return Math.min(images, 1 + Math.floor((pull / (pulls * shareWithNewImages)) * images));
}

/** What the client does that takes up the pull of this number; whichever client that is. */
export function planPull(pull: number, images: readonly StormImage[], scale: StormScale): PullPlan {
  const chance = new Chance(scale.seed, 'pull', scale.round, pull);
  const there = images.slice(0, imagesAt(pull, scale));
  const image = chance.pick(chance.happens(0.45) ? there.slice(-newestImages) : there);
  const target = chance.pick(image.targets);
  const hangUp = {
    afterBytes: chance.magnitude(1, target.size),
    returns: chance.happens(0.5),
  };
  return {
    target,
    by: chance.happens(0.6) ? 'tag' : 'digest',
    asksFirst: chance.happens(0.5),
    parts: chance.happens(0.3) ? chance.whole(2, 6) : 1,
    slow: chance.happens(0.03),
    ...(chance.happens(0.15) ? { hangUp } : {}),
    patience: chance.whole(50, 400),
  };
}

/** A pull without whims. */
export function plainPull(target: Target, by: PullPlan['by']): PullPlan {
  return { target, by, asksFirst: false, parts: 1, slow: false, patience: 500 };
}

/** At which pulls the mirror is killed: every other one shortly after an image has come, while it is fetched. */
export function planKills(scale: StormScale): ReadonlySet<number> {
  const chance = new Chance(scale.seed, 'kills', scale.round);
  const perKill = Math.floor(scale.pulls / (scale.kills + 1));
  const perImage = (scale.pulls * shareWithNewImages) / scale.images;
  const moments = Array.from({ length: scale.kills }, (_, index) => {
    const anywhere = perKill * index + chance.whole(Math.floor(perKill / 2), perKill);
    const afterImage = Math.ceil(anywhere / perImage) * perImage + chance.whole(2, 12);
    return Math.floor(index % 2 === 0 ? afterImage : anywhere);
  });
  return new Set(moments.map((moment) => Math.min(moment, scale.pulls - 1)));
}
