import type { ScriptedHub } from '../../support/hub/scriptedHub.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import {
  buildArtifact,
  buildImage,
  type ImageContent,
  type SingleImage,
} from '../../support/images.ts';

/**
 * What a repository is like. `turned`: it was public when it was pulled, more than an hour ago, and is private
 * now. `unnoticed`: the same, less than an hour ago. `closed`: public at the Hub, and private by a rule. `opened`: private
 * at the Hub, and public by a rule. `denied`: in `upstreams[].deny`. `nowhere`: there too, and absent.
 */
export const kinds = [
  'public',
  'private',
  'turned',
  'unnoticed',
  'closed',
  'opened',
  'denied',
  'nowhere',
  'absent',
] as const;

/** One of {@link kinds}. */
export type Kind = (typeof kinds)[number];

/** A repository of one cell, which no other cell asks for. */
export interface TriedRepository {
  readonly kind: Kind;
  readonly name: string;
  /** Under the tag `1`. */
  readonly tagged: SingleImage;
  /** Under the tag `2`; asked for by its digest. */
  readonly other: SingleImage;
  /** A signature of {@link tagged}. */
  readonly signature: ImageContent;
}

/** The rule of the configuration that patterns of names stand for. */
export const namespaceOf: Readonly<Record<Kind, string>> = {
  public: 'public',
  private: 'private',
  turned: 'turned',
  unnoticed: 'unnoticed',
  closed: 'closed',
  opened: 'opened',
  denied: 'denied',
  nowhere: 'denied/nowhere',
  absent: 'absent',
};

/** A repository with content that is nowhere else. */
export function tryRepository(kind: Kind, own: string): TriedRepository {
  const name = `${namespaceOf[kind]}/${own}`;
  const layers = ['first', 'second', 'third'].map((place) =>
    generatedBlob({ size: 1000, seed: `${place} layer of ${name}` }),
  );
  const tagged = buildImage({ seed: name, layers });
  const other = buildImage({ seed: `other ${name}` });
  const artifactType = 'application/vnd.example.signature';
  const signature = buildArtifact({ artifactType, subject: tagged.manifest });
  return { kind, name, tagged, other, signature };
}

/** Puts a repository into the Hub as it was at the beginning. */
export function addTo(hub: ScriptedHub, tried: TriedRepository, readers: readonly string[]): void {
  const { kind, name, tagged, other, signature } = tried;
  if (kind === 'absent' || kind === 'nowhere') return;
  hub.addImage(name, tagged, { tags: ['1'] });
  hub.addImage(name, other, { tags: ['2'] });
  hub.addImage(name, signature);
  if (kind === 'private' || kind === 'opened') hub.makePrivate(name, readers);
}
