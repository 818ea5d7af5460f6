import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { expect } from 'chai'
import { type ByteRange, type LocalFile, type Storage, StorageError } from '../../src/platform/storage/storage.ts'

/** A file on this machine, as an upload leaves one. */
export function localFile(bytes: Buffer): LocalFile {
  const path = join(mkdtempSync(join(tmpdir(), 'ovation-file-')), 'file')
  writeFileSync(path, bytes)
  return { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

export async function bytesOf(stream: Readable | undefined): Promise<Buffer | undefined> {
  if (!stream) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What every place for files does, whatever it is made of. */
export function storageSuite(name: string, open: () => Storage): void {
  describe(`${name} as a place for files`, () => {
    const read = async (key: string, range?: ByteRange) => bytesOf(await open().read(key, range))

    it('gives back what was put there, whole and in parts', async () => {
      const bytes = randomBytes(9 * 1024 * 1024 + 17)
      await open().put('aa/med_large.original', localFile(bytes))
      expect((await read('aa/med_large.original'))?.equals(bytes)).to.equal(true)
      expect(await open().stat('aa/med_large.original')).to.deep.equal({ size: bytes.length })
      const ranges: ByteRange[] = [{ start: 0, end: 0 }, { start: 5, end: 4 * 1024 * 1024 + 5 }, { start: 4 * 1024 * 1024, end: bytes.length - 1 }, { start: bytes.length - 1, end: bytes.length - 1 }]
      for (const range of ranges) expect((await read('aa/med_large.original', range))?.equals(bytes.subarray(range.start, range.end + 1)), JSON.stringify(range)).to.equal(true)
    })

    it('has one file under one key, the last that was put there', async () => {
      for (const text of ['first', 'second!', 'second!']) await open().put('ab/med_twice.original', localFile(Buffer.from(text)))
      expect((await read('ab/med_twice.original'))?.toString()).to.equal('second!')
    })

    it('copies a file, which is its own from then on, and only what is there', async () => {
      await open().put('ac/med_first.original', localFile(Buffer.from('the same')))
      for (let again = 0; again < 2; again++) await open().copy('ac/med_first.original', 'ad/med_copy.original')
      await open().remove('ac/med_first.original')
      expect([(await read('ad/med_copy.original'))?.toString(), await read('ac/med_first.original')]).to.deep.equal(['the same', undefined])
      const failed = await open().copy('ac/med_first.original', 'ad/med_none.original').then(() => undefined, (error: unknown) => error)
      expect(failed).to.be.an.instanceOf(StorageError)
      expect(await open().stat('ad/med_none.original')).to.equal(undefined)
    })

    it('knows nothing of what is not there, and lets it be removed', async () => {
      expect([await read('zz/med_none.original'), await open().stat('zz/med_none.original')]).to.deep.equal([undefined, undefined])
      await open().remove('zz/med_none.original')
    })

    it('lists everything, with its size and age, and nothing that was removed', async () => {
      const sizes = new Map(Array.from({ length: 8 }, (_each, n): [string, number] => [`c${n}/med_${n}.thumbnail`, n + 1]))
      for (const [key, size] of sizes) await open().put(key, localFile(Buffer.alloc(size)))
      await open().remove('c3/med_3.thumbnail')
      sizes.delete('c3/med_3.thumbnail')
      const listed = new Map<string, number>()
      for await (const { key, size, modified_at } of open().list()) {
        expect(Math.abs(modified_at.getTime() - Date.now())).to.be.below(60_000)
        if (/^c(\d)\/med_\1\./.test(key)) listed.set(key, size)
      }
      expect([...listed].toSorted()).to.deep.equal([...sizes])
    })
  })
}
