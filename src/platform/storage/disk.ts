import { createReadStream } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ByteRange, type LocalFile, type Storage, StorageError, type StoredFile } from './storage.ts'

const partial = '.partial'

/** A folder of this machine, or one that several share. */
export function createDiskStorage({ folder }: { folder: string }): Storage {
  return Object.freeze({ put, copy, read, stat: sizeOf, remove, list })

  async function put(key: string, { path }: LocalFile): Promise<void> {
    const target = join(folder, key)
    await known(async () => {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await flush(path)
      await move(path, target)
      await flush(dirname(target))
    })
  }

  async function copy(from: string, to: string): Promise<void> {
    const [source, target] = [join(folder, from), join(folder, to)]
    await known(async () => {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      // A second name for the same bytes, which nobody ever changes; some disks have no such thing.
      await link(source, target).catch((error: unknown) => (codeOf(error) === 'EEXIST' ? undefined : codeOf(error) === 'ENOENT' ? Promise.reject(error as Error) : copyBytes(source, target)))
      await flush(dirname(target))
    })
  }

  async function read(key: string, range?: ByteRange) {
    const there = await sizeOf(key)
    return there && createReadStream(join(folder, key), range && { start: range.start, end: range.end })
  }

  async function sizeOf(key: string): Promise<{ size: number } | undefined> {
    const found = await known(() => unlessAbsent(stat(join(folder, key))))
    return found && { size: found.size }
  }

  async function remove(key: string): Promise<void> {
    await known(() => rm(join(folder, key), { force: true }))
  }

  async function* list(): AsyncIterable<StoredFile> {
    for (const shelf of (await unlessAbsent(readdir(folder))) ?? [])
      for (const name of (await unlessAbsent(readdir(join(folder, shelf)))) ?? []) {
        const found = await unlessAbsent(stat(join(folder, shelf, name)))
        if (found?.isFile()) yield { key: `${shelf}/${name}`, size: found.size, modified_at: found.mtime }
      }
  }
}

// A rename is all or nothing, on one disk; from another one, the copy gets its name when it is whole.
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    await copyBytes(from, to)
  }
}

async function copyBytes(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}${partial}`)
  await flush(`${to}${partial}`)
  await rename(`${to}${partial}`, to)
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function unlessAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  })
}

async function known<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw new StorageError(codeOf(error) === 'EACCES' || codeOf(error) === 'EROFS' ? 'refused' : 'unavailable', `The folder of files: ${codeOf(error)}`, { cause: error })
  })
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}
