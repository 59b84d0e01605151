/** A file from which names of images were to be read can't be made sense of; the message says where. */
export class ImageFileError extends Error {
  override readonly name = 'ImageFileError';
}
