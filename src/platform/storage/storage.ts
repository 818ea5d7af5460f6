import type { Readable } from 'node:stream'

/** A file that lies on this machine, ready to be kept. */
export interface LocalFile {
  path: string
  size: number
  /** SHA-256 in hex */
  sha256: string
}

export interface StoredFile {
  key: string
  size: number
  modified_at: Date
}

/** Both ends are part of it. */
export interface ByteRange {
  start: number
  end: number
}

/** Where files lie. Keys are made of our own ids (`a-z 0-9 _ . /`), never of a name that somebody gave. */
export interface Storage {
  /** The whole file or nothing of it; again under the same key, it is there once. The local one may be gone afterwards. @throws StorageError */
  put(key: string, file: LocalFile): Promise<void>
  /** The same bytes under another key, whole or not at all; each is removed by itself. @throws StorageError, also when there is nothing to copy */
  copy(from: string, to: string): Promise<void>
  /** undefined when there is none. @throws StorageError */
  read(key: string, range?: ByteRange): Promise<Readable | undefined>
  stat(key: string): Promise<{ size: number } | undefined>
  /** what is not there is removed already */
  remove(key: string): Promise<void>
  /** everything that lies there, in no order */
  list(): AsyncIterable<StoredFile>
}

/** The place could not do it: `unavailable` may be over in a moment, `refused` lasts until somebody changes a setting. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly reason: 'unavailable' | 'refused'

  constructor(reason: 'unavailable' | 'refused', message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
